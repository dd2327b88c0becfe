import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { DatabaseNodes } from './database-nodes.js';

/** Whether writes can work: the primary answers and its schema is the one this code was built for. */
@Injectable()
export class DatabaseHealthIndicator {
  constructor(
    private readonly nodes: DatabaseNodes,
    private readonly indicators: HealthIndicatorService,
  ) {}

  async primary() {
    const indicator = this.indicators.check('mysql-primary');
    try {
      const dataSource = await this.nodes.primaryReads.connect();
      await dataSource.query('SELECT 1');
      return indicator.up();
    } catch {
      return indicator.down({ message: 'the primary does not answer' });
    }
  }

  async migrations() {
    const indicator = this.indicators.check('migrations');
    try {
      const dataSource = await this.nodes.primaryReads.connect();
      const rows: { name: string }[] = await dataSource.query('SELECT name FROM schema_migrations');
      const applied = new Set(rows.map((row) => row.name));
      const missing = dataSource.migrations
        .map((migration) => migration.name ?? migration.constructor.name)
        .filter((name) => !applied.has(name));
      return missing.length === 0 ? indicator.up() : indicator.down({ message: `not applied: ${missing.join(', ')}` });
    } catch {
      return indicator.down({ message: 'the table of migrations cannot be read' });
    }
  }
}
