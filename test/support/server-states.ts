import { GtidSet } from '../../src/tools/mysql-topology/gtid-set.js';
import type { KnownServer, LiveServer, Replication } from '../../src/tools/mysql-topology/server-state.js';

/** A server's uuid, which is also the origin of the transactions that it took as a primary. */
const uuidOf = (name: string): string => `${Buffer.from(name).toString('hex').padStart(8, '0')}-0-0-0-0`;

/** `a:1-5` for the transactions 1 to 5 of the server a. */
const gtids = (text: string): GtidSet =>
  GtidSet.parse(text.replaceAll(/\b([a-z]+):/g, (_, name: string) => `${uuidOf(name)}:`));

interface Changes {
  executed?: string;
  /** Name of the server that was promoted last, and the number of that promotion. */
  term?: [server: string, term: number];
  writable?: boolean;
  replicas?: number;
}

/** A server that takes writes. */
export function primary(
  name: string,
  { executed = '', term, writable = true, replicas = 2 }: Changes = {},
): LiveServer {
  return {
    name,
    state: {
      uuid: uuidOf(name),
      writable,
      executed: gtids(executed),
      replication: undefined,
      term: term && { serverUuid: uuidOf(term[0]), term: term[1] },
      semiSync: { active: true, replicas, unacknowledged: 0 },
      reachedAt: { host: name, port: 3306 },
    },
  };
}

/** A server that replicates. */
export function replica(
  name: string,
  source: string,
  { received = '', ...changes }: Changes & { received?: string } = {},
  replication: Partial<Replication> = {},
): LiveServer {
  const server = primary(name, { writable: false, replicas: 0, ...changes });
  server.state.replication = {
    source: `${source}:3306`,
    sourceUuid: uuidOf(source),
    receiver: 'on',
    applier: 'on',
    error: '',
    lagSeconds: 0,
    received: gtids(received),
    ...replication,
  };
  return server;
}

/** A server that was taken out of service: read-only, without a source. */
export const fenced = (name: string, changes: Changes = {}): LiveServer =>
  primary(name, { writable: false, replicas: 0, ...changes });

export const silent = (name: string): KnownServer => ({ name, state: undefined });
