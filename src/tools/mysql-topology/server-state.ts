import type { Address } from '../../config/setting-types.js';
import type { GtidSet } from './gtid-set.js';

/** A promotion: since then the server is the primary. */
interface PrimaryTerm {
  term: number;
  serverUuid: string;
}

export interface Replication {
  /** `host:port` of the server that it fetches from. */
  source: string;
  /** Empty until it has reached its source once. */
  sourceUuid: string;
  receiver: 'on' | 'connecting' | 'off';
  applier: 'on' | 'off';
  /** What stopped it; empty when nothing did. */
  error: string;
  lagSeconds: number | undefined;
  /** Everything that came from the source, whether it is applied yet or not. */
  received: GtidSet;
}

export interface SemiSync {
  /** Whether commits wait for a replica; of a server that serves no writes it says nothing. */
  active: boolean;
  /** Replicas that acknowledge. */
  replicas: number;
  /** Commits that nobody acknowledged, since the server's start. */
  unacknowledged: number;
}

/** What a server says of itself. */
export interface ServerState {
  uuid: string;
  writable: boolean;
  executed: GtidSet;
  /** `undefined` when it is no replica. */
  replication: Replication | undefined;
  /** Latest promotion that it knows of. */
  term: PrimaryTerm | undefined;
  /** `undefined` where the plugin is not loaded. */
  semiSync: SemiSync | undefined;
  /** Where other servers reach it: in containers that differs from where the operator does. */
  reachedAt: Address;
}

/** A server of the settings, by its `host:port` there. */
export interface KnownServer {
  name: string;
  /** `undefined` when it does not answer. */
  state: ServerState | undefined;
}

/** One that answered. */
export interface LiveServer extends KnownServer {
  state: ServerState;
}

/** Whether it answered when it was asked. */
export const isLive = (server: KnownServer): server is LiveServer => server.state !== undefined;

/** Everything that a server has, if it is left to apply what it received. */
export const allOf = ({ executed, replication }: ServerState): GtidSet =>
  replication ? executed.union(replication.received) : executed;
