import type { INestApplicationContext } from '@nestjs/common';
import type { Logger } from 'typeorm';
import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import type { DatabaseNode } from '../../src/infrastructure/database/database-node.js';

export interface Statement {
  sql: string;
  parameters: unknown[];
}

/** What a process looks up by itself, whatever is asked of it: ended sessions, and a server it has just connected to. */
const BACKGROUND = /session_revocations WHERE created_at >=|^SELECT version\(\)/;

/** Writes down every statement that an application sends to MySQL, on whichever node. */
export class StatementLog {
  private statements: Statement[] = [];

  constructor(...apps: INestApplicationContext[]) {
    for (const app of apps) this.watch(app);
  }

  /** Writes down what another application sends, too. */
  watch(app: INestApplicationContext): void {
    const ignored = (): undefined => undefined;
    const logger: Logger = {
      logQuery: (sql, parameters: unknown[] = []) => void this.statements.push({ sql, parameters }),
      logQueryError: ignored,
      logQuerySlow: ignored,
      logSchemaBuild: ignored,
      logMigration: ignored,
      log: ignored,
    };
    for (const node of nodesOf(app)) Object.assign(node.dataSource, { logger });
  }

  /** Everything since the start or the last {@link clear}, in the order in which it was sent. */
  get all(): readonly Statement[] {
    return this.statements;
  }

  /** Without what a process does by itself. */
  get ofRequests(): Statement[] {
    return this.statements.filter(({ sql }) => !BACKGROUND.test(sql));
  }

  clear(): void {
    this.statements = [];
  }
}

function nodesOf(app: INestApplicationContext): readonly DatabaseNode[] {
  return app.get(DatabaseNodes, { strict: false }).all;
}
