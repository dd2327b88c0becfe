import { DatabaseNode } from '../../src/infrastructure/database/database-node.js';
import { isConnectionError, isPoolExhausted } from '../../src/infrastructure/database/mysql-errors.js';
import { until } from '../support/settle.js';
import { TestDatabase } from '../support/test-database.js';

describe(DatabaseNode.name, () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await TestDatabase.createEmpty()));
  afterAll(() => database?.drop());

  it('tells who waits for a connection at once when the server is found silent', async () => {
    await database.withMigrations(async (node) => {
      const held = await node.acquire();
      const outcome = node.acquire().catch((error: unknown) => error);
      await until(() => node.pool.waiting === 1, { what: 'somebody to wait' });
      node.dropConnections();
      const error = await outcome;
      expect([isConnectionError(error), isPoolExhausted(error)]).toEqual([true, false]);
      await held.release();
    });
  });
});
