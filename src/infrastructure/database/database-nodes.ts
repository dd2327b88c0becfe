import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { DatabaseNode, type NodeOptions } from './database-node.js';

/** Injection token of the list of entities; the application names them, because this room may not look upward. */
export const ENTITIES = Symbol('ENTITIES');

/** Longest wait of a deletion for the replicas; they need a few milliseconds when they keep up. */
const REPLICATION_WAIT_SECONDS = 0.1;

/** The primary for writes, a read-only pool on the primary for reads that must be fresh, and the replicas. */
@Injectable()
export class DatabaseNodes implements OnApplicationShutdown {
  readonly primary: DatabaseNode;
  readonly primaryReads: DatabaseNode;
  readonly replicas: readonly DatabaseNode[];
  private turn = 0;

  constructor(config: AppConfig, @Inject(ENTITIES) entities: NodeOptions['entities']) {
    const { primary, replicas, database, user, password, poolSize } = config.mysql;
    const common = { database, user, password, poolSize, entities };
    this.primary = new DatabaseNode({ ...common, name: 'primary', address: primary, readOnly: false });
    this.primaryReads = new DatabaseNode({ ...common, name: 'primary-reads', address: primary, readOnly: true });
    this.replicas = replicas.map(
      (address, index) => new DatabaseNode({ ...common, name: `replica-${index + 1}`, address, readOnly: true }),
    );
  }

  /** Every pool, for figures and for the end. */
  get all(): readonly DatabaseNode[] {
    return [this.primary, this.primaryReads, ...this.replicas];
  }

  /**
   * Nodes to try for a read, best first: the healthy replicas round robin, then the primary, and at last, because a stale
   * answer is better than none, the replicas that are not well.
   */
  readCandidates(): DatabaseNode[] {
    const healthy = this.replicas.filter((node) => node.healthy);
    if (healthy.length === 0) return [this.primaryReads, ...this.replicas];
    const start = this.turn++ % healthy.length;
    const unwell = this.replicas.filter((node) => !node.healthy);
    return [...healthy.slice(start), ...healthy.slice(0, start), this.primaryReads, ...unwell];
  }

  /**
   * Waits until the replicas that serve reads have a transaction, for a tenth of a second at most: one that is slower
   * shows the old state for as long as it lags.
   */
  async untilReplicated(gtid: string): Promise<void> {
    const healthy = this.replicas.filter((node) => node.healthy);
    await Promise.allSettled(healthy.map((node) => node.waitFor(gtid, REPLICATION_WAIT_SECONDS)));
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.all.map((node) => node.close()));
  }
}
