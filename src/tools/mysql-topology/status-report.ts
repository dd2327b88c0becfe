import { isLive, type KnownServer, type LiveServer } from './server-state.js';
import { errantOf, primacyOf, replicatesFrom, type Primacy } from './topology.js';

export interface StatusReport {
  /** A table, then what is wrong, a line each. */
  lines: string[];
  /** One primary that takes writes and has a replica that acknowledges, and all others follow it. */
  isHealthy: boolean;
}

const HEADINGS = ['server', 'role', 'writes', 'from', 'lag', 'semi-sync', 'transactions', 'term'];

/** Pure: what the servers are and what an operator should do about it. */
export function reportStatus(servers: readonly KnownServer[], configured: string): StatusReport {
  const primacy = primacyOf(servers, configured);
  const rows = [
    HEADINGS,
    ...servers.map((server) => (isLive(server) ? rowOf(server, primacy) : [server.name, 'AWAY'])),
  ];
  const problems = servers.flatMap((server) => problemOf(server, primacy) ?? []);
  if (!primacy.holder) {
    const who = primacy.name ?? `the server of term ${primacy.term}`;
    problems.unshift(
      `there is no primary: ${who} does not answer; bring it back, or: npm run mysql -- promote HOST:PORT --old-primary-is-gone`,
    );
  }
  return { lines: [...table(rows), ...problems], isHealthy: problems.length === 0 };
}

function rowOf(server: LiveServer, primacy: Primacy): string[] {
  const { state } = server;
  const { replication, semiSync, executed, term } = state;
  const isPrimary = server === primacy.holder;
  return [
    server.name,
    isPrimary ? 'primary' : replication ? 'replica' : state.writable ? 'STRAY' : 'fenced',
    state.writable ? 'yes' : 'no',
    replication?.source ?? '-',
    replication ? (replication.lagSeconds === undefined ? '?' : `${replication.lagSeconds} s`) : '-',
    isPrimary ? (semiSync ? `${semiSync.active ? 'on' : 'OFF'}, ${semiSync.replicas} replicas` : 'NONE') : '-',
    transactionsOf(server, primacy.holder) ?? String(executed.size),
    String(term?.term ?? 0),
  ];
}

/** How many it has, and how that differs from the primary. */
function transactionsOf(server: LiveServer, primary: LiveServer | undefined): string | undefined {
  if (!primary || primary === server) return undefined;
  const { size } = server.state.executed;
  const missing = primary.state.executed.minus(server.state.executed).size;
  const errant = errantOf(server, primary);
  return `${size}${missing > 0 ? `, lacks ${missing}` : ''}${errant.isEmpty ? '' : `, ERRANT ${errant.toString()}`}`;
}

/** What is wrong with a server and what to do; `undefined` when nothing is. */
function problemOf(server: KnownServer, { holder, term }: Primacy): string | undefined {
  const { name } = server;
  if (!isLive(server)) return holder && `${name} does not answer: start it, then npm run mysql -- rejoin ${name}`;
  if (!holder) return undefined;
  const { state } = server;
  if (server === holder) {
    if (state.replication || !state.writable) {
      return `${name} is the primary by term ${term} and takes no writes: npm run mysql -- promote ${name}`;
    }
    if (!state.semiSync) return `${name} has no plugin for semi-synchronous replication: see mysql/common.cnf`;
    if (state.semiSync.active && state.semiSync.replicas > 0) return undefined;
    return `${name} answers commits that no replica has: bring its replicas back`;
  }
  const errant = errantOf(server, holder);
  if (!errant.isEmpty) {
    return `${name} has ${errant.count} that the primary does not; if they may be lost: npm run mysql -- rejoin ${name} --clone`;
  }
  const { replication } = state;
  if (state.writable) return `${name} takes writes and is not the primary: npm run mysql -- rejoin ${name}`;
  if (!replicatesFrom(server, holder)) {
    return `${name} does not replicate from the primary: npm run mysql -- rejoin ${name}`;
  }
  if (replication?.receiver === 'on' && replication.applier === 'on') return undefined;
  return `${name} has stopped replicating${replication?.error ? ` (${replication.error})` : ''}: npm run mysql -- rejoin ${name}`;
}

function table(rows: readonly string[][]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
