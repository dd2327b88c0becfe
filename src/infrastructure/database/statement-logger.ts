import type { Logger } from 'typeorm';

/** TypeORM's place to learn of every statement; errors reach the caller anyway, so only the sending counts here. */
export class StatementLogger implements Logger {
  constructor(private readonly sent: () => void) {}

  logQuery(): void {
    this.sent();
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
