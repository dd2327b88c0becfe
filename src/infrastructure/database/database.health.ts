import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import type { DatabaseNode } from './database-node.js';
import { DatabaseNodes } from './database-nodes.js';

/**
 * Whether this instance can answer requests. One that has lost the primary still reads, and stays ready, with `degraded` in the
 * details: to take every instance away would make an outage of reads, too. One that never reached a primary which others
 * reach is not ready: its settings are likely wrong.
 *
 * What was well once is known from the monitor from then on, on connections of its own: an instance whose pool is busy must
 * not leave its requests to others that are busy, too.
 */
@Injectable()
export class DatabaseHealthIndicator {
  /** The primary has answered this instance, as the user of its settings. */
  private reached = false;
  /** The schema was seen to be the one that this code was built for. */
  private migrated = false;

  constructor(
    private readonly nodes: DatabaseNodes,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Whether any server answers. */
  servers() {
    const indicator = this.indicators.check('mysql');
    return this.nodes.anyUp ? indicator.up() : indicator.down({ message: 'no server of MySQL answers' });
  }

  async primary() {
    const indicator = this.indicators.check('mysql-primary');
    const { primaryUp, primaryReads, primaryHasReplicas } = this.nodes;
    if (primaryUp) this.reached ||= await answers(primaryReads);
    if (primaryUp && this.reached) return indicator.up();
    const lacking = { message: 'the primary does not answer: writes are refused' };
    const othersReachIt = primaryUp || primaryHasReplicas;
    return this.reached || !othersReachIt ? indicator.up({ ...lacking, degraded: true }) : indicator.down(lacking);
  }

  async migrations() {
    const indicator = this.indicators.check('migrations');
    if (this.migrated) return indicator.up();
    try {
      const missing = await this.missing();
      this.migrated = missing.length === 0;
      return this.migrated ? indicator.up() : indicator.down({ message: `not applied: ${missing.join(', ')}` });
    } catch {
      return indicator.down({ message: 'the table of migrations cannot be read' });
    }
  }

  /** Of the primary, or while it is away of whichever replica answers first. */
  private missing(): Promise<string[]> {
    const { primaryUp, primaryReads, replicas } = this.nodes;
    return primaryUp ? missingIn(primaryReads) : Promise.any(replicas.map(missingIn));
  }
}

async function answers(node: DatabaseNode): Promise<boolean> {
  try {
    await (await node.connect()).query('SELECT 1');
    return true;
  } catch {
    return false;
  }
}

async function missingIn(node: DatabaseNode): Promise<string[]> {
  const dataSource = await node.connect();
  const rows: { name: string }[] = await dataSource.query('SELECT name FROM schema_migrations');
  const applied = new Set(rows.map((row) => row.name));
  return dataSource.migrations
    .map((migration) => migration.name ?? migration.constructor.name)
    .filter((name) => !applied.has(name));
}
