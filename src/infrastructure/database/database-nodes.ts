import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { DatabaseNode, type NodeOptions } from './database-node.js';

/** Injection token of the list of entities; the application names them, because this room may not look upward. */
export const ENTITIES = Symbol('ENTITIES');

/** The primary for writes, a read-only pool on the primary for reads that must be fresh, and the replicas. */
@Injectable()
export class DatabaseNodes implements OnApplicationShutdown {
  readonly primary: DatabaseNode;
  readonly primaryReads: DatabaseNode;
  private readonly replicas: DatabaseNode[];
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

  /** Nodes to try for a read, best first: the replicas round robin, at last the primary. */
  readCandidates(): DatabaseNode[] {
    if (this.replicas.length === 0) return [this.primaryReads];
    const start = this.turn++ % this.replicas.length;
    return [...this.replicas.slice(start), ...this.replicas.slice(0, start), this.primaryReads];
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.primary, this.primaryReads, ...this.replicas].map((node) => node.close()));
  }
}
