import type { GtidSet } from './gtid-set.js';
import { allOf, isLive, type KnownServer, type LiveServer } from './server-state.js';
import { errantOf, primacyOf, replicatesFrom } from './topology.js';
import { TopologyError } from './topology-error.js';
import type { PromoteOptions } from './topology-options.js';

/**
 * A candidate that is further behind would keep writes waiting for longer than they do; and it catches up by itself
 * while the old primary still serves.
 */
const MAX_LAG_SECONDS = 5;

/** Each does nothing where it is done already, so that a plan can be made and carried out again after an interruption. */
export type Step =
  | { do: 'fence'; server: string }
  | { do: 'stop receiving'; server: string }
  /** Waits until the server has executed everything that it received. */
  | { do: 'apply received'; server: string }
  /** Waits until the server has executed everything that the old primary has. */
  | { do: 'catch up'; server: string; with: string }
  /** Refuses to go on while one of the others has what the server does not. */
  | { do: 'compare'; server: string; others: string[] }
  | { do: 'detach'; server: string }
  | { do: 'make durable'; server: string }
  | { do: 'follow'; server: string; source: string }
  /** Waits for so many replicas that acknowledge, for a while. */
  | { do: 'await replicas'; server: string; count: number }
  | { do: 'open'; server: string }
  | { do: 'begin term'; server: string; term: number };

export interface PromotionPlan {
  steps: Step[];
  /** What the operator must know and do besides. */
  notes: string[];
}

/**
 * Pure: how a server becomes the primary.
 *
 * Up to the first `detach` nothing is done that cannot be taken back; before it, the candidate has been shown to have
 * every write that was ever acknowledged.
 *
 * @param servers as they are now, all of the settings
 * @param configured the primary until the first promotion
 * @throws TopologyError when it must not be, or not without the operator's word
 */
export function planPromotion(
  servers: readonly KnownServer[],
  configured: string,
  options: PromoteOptions,
): PromotionPlan {
  const candidate = servers.find(({ name }) => name === options.server);
  if (!candidate) throw unknownServer(options.server, servers);
  if (!isLive(candidate)) throw new TopologyError(`${candidate.name} does not answer: it cannot be promoted`);
  if (!candidate.state.semiSync) {
    throw new TopologyError(
      `${candidate.name} has no plugin for semi-synchronous replication: load it (see mysql/common.cnf), then promote`,
    );
  }
  const primacy = primacyOf(servers, configured);
  if (primacy.holder === candidate) return finish(candidate, servers);
  const term = primacy.term + 1;
  return primacy.holder
    ? planned(candidate, primacy.holder, term, servers)
    : failover(candidate, primacy.name, term, servers, options);
}

/** The candidate is the primary by the latest term: whatever an interruption left undone is done. */
function finish(candidate: LiveServer, servers: readonly KnownServer[]): PromotionPlan {
  const { name, state } = candidate;
  const replicas = replicasAmong(servers, candidate).filter((server) => errantOf(server, candidate).isEmpty);
  const strays = replicas.filter((server) => !replicatesFrom(server, candidate));
  const notes = notesOn(servers, [candidate, ...replicas]);
  if (state.writable && !state.replication && strays.length === 0) return { steps: [], notes };
  const applied = state.replication ? [{ do: 'apply received', server: name } as const] : [];
  return { steps: [...applied, ...takeOver(candidate, replicas, undefined)], notes };
}

/** The old primary answers: it is made read-only first, and becomes a replica. */
function planned(candidate: LiveServer, old: LiveServer, term: number, servers: readonly KnownServer[]): PromotionPlan {
  const { name } = candidate;
  const errant = errantOf(candidate, old);
  if (!errant.isEmpty) {
    throw new TopologyError(
      `${name} has transactions that the primary ${old.name} does not (${errant.toString()}); first: npm run mysql -- rejoin ${name} --clone`,
    );
  }
  const reason = unfitness(candidate, old);
  if (reason !== undefined) throw new TopologyError(`${name} cannot be promoted: ${reason}`);
  const replicas = replicasAmong(servers, candidate, old);
  return {
    steps: [
      { do: 'fence', server: old.name },
      { do: 'catch up', server: name, with: old.name },
      ...takeOver(candidate, [...replicas, old], term),
    ],
    notes: notesOn(servers, [candidate, old, ...replicas]),
  };
}

/** Why a server would not catch up with the primary at once. */
function unfitness({ name, state }: LiveServer, old: LiveServer): string | undefined {
  const { replication, executed } = state;
  // A promotion that was cut short may have left it like this.
  if (!old.state.writable && executed.contains(old.state.executed)) return undefined;
  if (!replication) return `it does not replicate; first: npm run mysql -- rejoin ${name}`;
  if (replication.error !== '') return `its replication has failed (${replication.error})`;
  if (!replicatesFrom({ name, state }, old)) {
    return `it replicates from ${replication.source} and not from the primary ${old.name}; first: npm run mysql -- rejoin ${name}`;
  }
  if (replication.receiver !== 'on' || replication.applier !== 'on') {
    return `its replication is stopped; first: npm run mysql -- rejoin ${name}`;
  }
  const { lagSeconds = 0 } = replication;
  if (lagSeconds > MAX_LAG_SECONDS) {
    return `it is ${lagSeconds} s behind; wait until it has caught up, or take another one`;
  }
  return undefined;
}

/** The old primary is away: what it acknowledged is on at least one replica, and nobody can tell on which. */
function failover(
  candidate: LiveServer,
  oldName: string | undefined,
  term: number,
  servers: readonly KnownServer[],
  { oldPrimaryIsGone, without }: PromoteOptions,
): PromotionPlan {
  for (const name of without) if (!servers.some((server) => server.name === name)) throw unknownServer(name, servers);
  const old = oldName === undefined ? 'the primary' : `the primary ${oldName}`;
  if (!oldPrimaryIsGone) {
    throw new TopologyError(
      `${old} does not answer: make sure that it can take no write any more (machine off, or cut off from every client), then add --old-primary-is-gone`,
    );
  }
  const others = servers.filter(({ name }) => name !== candidate.name && !without.includes(name));
  const silent = others.filter((server) => !isLive(server) && server.name !== oldName);
  // Where nobody knows which of the silent servers was the primary, one of them was.
  if (silent.length > (oldName === undefined ? 1 : 0)) {
    const names = silent.map(({ name }) => name);
    throw new TopologyError(
      oldName === undefined
        ? `${names.join(' and ')} do not answer; one of them was the primary, and others may hold acknowledged writes that no server here has: bring those back, or give them up with --without HOST:PORT`
        : `${names.join(' and ')} may hold acknowledged writes that no other server has, and does not answer: bring it back, or give those up with --without ${names[0]}`,
    );
  }
  const replicas = replicasAmong(others, candidate);
  const receiving = [candidate, ...replicas].filter(({ state }) => state.replication);
  return {
    steps: [
      ...receiving.map(({ name }) => ({ do: 'stop receiving', server: name }) as const),
      { do: 'apply received', server: candidate.name },
      { do: 'compare', server: candidate.name, others: others.filter(isLive).map(({ name }) => name) },
      ...takeOver(candidate, replicas, term),
    ],
    notes: notesOn(servers, [candidate, ...replicas]),
  };
}

/** From here on there is no way back. @param term `undefined` when the candidate has one already */
function takeOver({ name }: LiveServer, followers: readonly LiveServer[], term: number | undefined): Step[] {
  const awaited = (count: number): Step[] => (count > 0 ? [{ do: 'await replicas', server: name, count }] : []);
  return [
    { do: 'detach', server: name },
    { do: 'make durable', server: name },
    ...followers.map((follower) => ({ do: 'follow', server: follower.name, source: name }) as const),
    ...awaited(Math.min(followers.length, 1)), // so that the first commits are acknowledged already
    { do: 'open', server: name },
    ...(term === undefined ? [] : [{ do: 'begin term', server: name, term } as const]),
    ...awaited(followers.length),
  ];
}

const replicasAmong = (servers: readonly KnownServer[], ...except: KnownServer[]): LiveServer[] =>
  servers.filter(isLive).filter((server) => server.state.replication && !except.includes(server));

const notesOn = (servers: readonly KnownServer[], dealtWith: readonly KnownServer[]): string[] =>
  servers
    .filter((server) => !dealtWith.includes(server))
    .map((server) =>
      isLive(server)
        ? `${server.name} is left as it is: npm run mysql -- rejoin ${server.name}`
        : `${server.name} does not answer; when it is back: npm run mysql -- rejoin ${server.name}`,
    );

/** That an operator named a server which the settings do not. */
export const unknownServer = (name: string, servers: readonly KnownServer[]): TopologyError =>
  new TopologyError(
    `${name} is none of MYSQL_PRIMARY and MYSQL_REPLICAS: ${servers.map((server) => server.name).join(', ')}`,
  );

/**
 * Pure: what the candidate lacks of what others have, and who has everything.
 *
 * @returns `undefined` when it lacks nothing
 */
export function lackOf(
  candidate: LiveServer,
  others: readonly LiveServer[],
): { server: string; gtids: GtidSet; better: string | undefined } | undefined {
  const lacking = others
    .map((server) => ({ server: server.name, gtids: allOf(server.state).minus(candidate.state.executed) }))
    .find(({ gtids }) => !gtids.isEmpty);
  if (!lacking) return undefined;
  const all = [candidate, ...others];
  const better = others.find((server) => all.every(({ state }) => allOf(server.state).contains(allOf(state))));
  return { ...lacking, better: better?.name };
}
