import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SharedTurns } from '../../common/shared-turns.js';
import { AppConfig } from '../../config/app-config.js';
import type { DatabaseNode, NodeOptions } from './database-node.js';
import { DatabaseServer, type ServerRole } from './database-server.js';

/** Injection token of the list of entities; the application names them, because this room may not look upward. */
export const ENTITIES = Symbol('ENTITIES');

/** Longest wait of a deletion for the replicas; they need a few milliseconds when they keep up. */
const REPLICATION_WAIT_SECONDS = 0.1;

/** Every MySQL server, and which of them is the primary now. */
@Injectable()
export class DatabaseNodes implements OnApplicationShutdown {
  readonly servers: readonly DatabaseServer[];
  /** Whether there is a primary that answers; the monitor decides. */
  primaryUp = true;
  /** Whether any server answers; the monitor decides. */
  anyUp = true;
  /** Some replica is connected to a primary: whether we reach it or not, it is there. The monitor decides. */
  primaryHasReplicas = false;
  /** Looks at the servers now instead of at the next turn; the monitor's, and nothing where there is no monitor. */
  recheck: () => Promise<void> = () => Promise.resolve();
  private primaryServer: DatabaseServer;
  private turn = 0;
  private readonly executed = new SharedTurns<string>();

  constructor(config: AppConfig, @Inject(ENTITIES) entities: NodeOptions['entities']) {
    const { primary, replicas, database, user, password, poolSize } = config.mysql;
    const options = { database, user, password, poolSize, entities };
    this.primaryServer = new DatabaseServer(primary, 'primary', options);
    this.servers = [this.primaryServer, ...replicas.map((address) => new DatabaseServer(address, 'replica', options))];
  }

  /** For writes. */
  get primary(): DatabaseNode {
    return this.primaryServer.writes;
  }

  /** For reads that must be fresh, on connections that refuse writes. */
  get primaryReads(): DatabaseNode {
    return this.primaryServer.reads;
  }

  get replicas(): readonly DatabaseNode[] {
    return this.servers.filter((server) => server !== this.primaryServer).map((server) => server.reads);
  }

  /** Every pool, for figures and for the end. */
  get all(): readonly DatabaseNode[] {
    return this.servers.flatMap((server) => server.pools);
  }

  /** @param name of a server */
  roleOf(name: string): ServerRole {
    return this.primaryServer.name === name ? 'primary' : 'replica';
  }

  /** Sends writes and fresh reads to another server from now on. */
  appoint(server: DatabaseServer): void {
    // What is under way on the one before could only fail, later.
    this.primaryServer.dropConnections();
    this.primaryServer.role = 'replica';
    this.primaryServer.reads.healthy = false; // until it is seen to replicate
    server.role = 'primary';
    this.primaryServer = server;
  }

  /**
   * Nodes to try for a read, best first: the healthy replicas round robin, then the primary, and at last, because a stale
   * answer is better than none, the replicas that are not well. A node that falls silent while another one is tried loses
   * its place.
   *
   * @param current without the last
   */
  *readCandidates(current: boolean): Generator<DatabaseNode> {
    const { replicas } = this;
    const healthy = replicas.filter((node) => node.healthy);
    const start = this.turn++ % (healthy.length || 1);
    const tried = new Set<DatabaseNode>();
    for (const node of [...healthy.slice(start), ...healthy.slice(0, start)]) {
      if (!node.healthy) continue;
      tried.add(node);
      yield node;
    }
    if (this.primaryUp) yield this.primaryReads;
    if (!current) for (const node of replicas) if (!tried.has(node)) yield node;
  }

  /** Replicas that can stand in for a primary which is away, because none knows more of it. */
  standIns(): DatabaseNode[] {
    return this.replicas.filter((node) => node.healthy && node.complete);
  }

  /**
   * Waits until the replicas that serve reads have a transaction, for a tenth of a second at most: one that is slower
   * shows the old state for as long as it lags.
   */
  async untilReplicated(gtid: string): Promise<void> {
    const healthy = this.replicas.filter((node) => node.healthy);
    const replicated = Promise.allSettled(healthy.map((node) => node.waitFor(gtid, REPLICATION_WAIT_SECONDS)));
    // A replica that is frozen or has no connection to spare answers later than it was asked to.
    await Promise.race([replicated, delay(REPLICATION_WAIT_SECONDS * 1_000)]);
  }

  /** GTIDs of everything the primary has executed by now. Many who ask at the same time share a query. */
  executedByPrimary(): Promise<string> {
    return this.executed.next(() => this.primaryReads.executedGtids());
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.all.map((node) => node.close()));
  }
}
