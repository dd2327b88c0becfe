import { documentText } from '../support/documented.js';
import { askMonitor } from '../support/monitor.js';
import { TestDatabase } from '../support/test-database.js';

/** What the runbooks ask the server about itself. */
const STATEMENTS = Array.from(
  documentText('docs/operations.md').matchAll(/`(SELECT [^`]* FROM (?:information|performance)_schema\.[^`]+)`/g),
  ([, sql]) => sql!,
);

describe('The statements of the runbooks', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await TestDatabase.createEmpty()));
  afterAll(() => database?.drop());

  it.each(STATEMENTS)('are answered to the monitoring user: %s', async (sql) => {
    await expect(askMonitor(database.config, sql)).resolves.toEqual(expect.any(Array));
  });

  it('count connections by user and machine, of which each connection has a port of its own', async () => {
    const connections = await Promise.all([database.connect(), database.connect()]);
    try {
      const sql = STATEMENTS.find((statement) => statement.includes('GROUP BY'))!;
      const rows = await askMonitor<{ user: string; connections: number }>(database.config, sql);
      const ours = rows.filter(({ user }) => user === database.config.mysql.migrationUser);
      expect(ours).toHaveLength(1);
      expect(ours[0]!.connections).toBeGreaterThanOrEqual(connections.length);
    } finally {
      for (const connection of connections) connection.destroy();
    }
  });
});
