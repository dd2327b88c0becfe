import type { GtidSet } from './gtid-set.js';
import { isLive, type KnownServer, type LiveServer } from './server-state.js';

/** Who the primary is, as far as the servers that answer know. */
export interface Primacy {
  /** Number of the latest promotion; 0 before the first. */
  term: number;
  /** The server of that promotion; `undefined` when it is not among those that answer. */
  holder: LiveServer | undefined;
  /** Its `host:port` where that is known: silent servers do not tell which of them it is. */
  name: string | undefined;
}

/**
 * Pure: the server of the latest promotion that any server knows of, or before the first the configured one. It need
 * not be writable: a promotion that was cut short leaves it read-only.
 */
export function primacyOf(servers: readonly KnownServer[], configured: string): Primacy {
  const live = servers.filter(isLive);
  const terms = live.flatMap(({ state }) => (state.term ? [state.term] : []));
  if (terms.length === 0) {
    return { term: 0, holder: live.find(({ name }) => name === configured), name: configured };
  }
  const latest = terms.reduce((highest, term) => (term.term > highest.term ? term : highest));
  const holder = live.find(({ state }) => state.uuid === latest.serverUuid);
  return { term: latest.term, holder, name: holder?.name ?? silentHolder(servers, latest.serverUuid) };
}

/** Which of the silent servers it is: the only one, or the one that a replica of it names. */
function silentHolder(servers: readonly KnownServer[], uuid: string): string | undefined {
  const silent = servers.filter((server) => !isLive(server));
  if (silent.length === 1) return silent[0]!.name;
  const sources = servers.map(({ state }) => state?.replication).filter((source) => source?.sourceUuid === uuid);
  return silent.find(({ name }) => sources.some((source) => source?.source === name))?.name;
}

/** Whether a server is set up to replicate from another one, by its uuid or, before it has reached it, by its address. */
export function replicatesFrom({ state }: LiveServer, source: LiveServer): boolean {
  if (!state.replication) return false;
  const { sourceUuid, source: address } = state.replication;
  const { host, port } = source.state.reachedAt;
  return sourceUuid === source.state.uuid || (sourceUuid === '' && address === `${host}:${port}`);
}

/**
 * Transactions that a server has and the primary does not: what it took as a primary after its time, or what somebody
 * wrote past the replication. @param primary read after the server
 */
export const errantOf = (server: LiveServer, primary: LiveServer): GtidSet =>
  server.state.executed.minus(primary.state.executed);
