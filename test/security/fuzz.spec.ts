import { ApiClient } from '../support/api-client.js';
import { DocumentedAnswers, routesOf, type OpenApiDocument } from '../support/openapi.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { settle } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';
import { FuzzClient } from './fuzz/fuzz-client.js';

// `npm run fuzz -- --requests N --seed N` sets them.
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 20_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_123);
const CLIENTS = 8;

describe('Requests that nobody would send', () => {
  let database: TestDatabase;
  const processes: TestProcess[] = [];

  beforeAll(async () => {
    database = await TestDatabase.create();
    for (const name of ['main', 'worker'] as const) {
      processes.push(await (await startProcess(name, testEnv(database.name))).ready());
    }
  });
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.stop('SIGKILL')));
    await database?.drop();
  });

  it('are answered as the document says, none with 500 or above, and leave no job behind that fails', async () => {
    const api = new ApiClient(processes[0]!.url);
    const document = (await api.expect<OpenApiDocument>(200, 'GET', '/openapi.json')).body;
    const answers = new DocumentedAnswers(document);
    const begunMs = performance.now();
    const clients = Array.from({ length: CLIENTS }, (_, index) => new FuzzClient(api, document, answers, SEED + index));
    await Promise.all(clients.map((client) => client.send(Math.ceil(REQUESTS / CLIENTS))));

    const outcomes = new Map<string, number>();
    for (const client of clients) {
      for (const [outcome, count] of client.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
    }
    const seconds = Math.round((performance.now() - begunMs) / 1_000);
    const sent = [...outcomes.values()].reduce((sum, count) => sum + count, 0);
    process.stdout.write(
      `Fuzz: ${JSON.stringify({ seed: SEED, sent, seconds, outcomes: Object.fromEntries(outcomes) })}\n`,
    );

    expect(clients.flatMap(({ problems }) => problems).slice(0, 20)).toEqual([]);
    expect(sent).toBeGreaterThanOrEqual(REQUESTS);
    // It goes further than validation: a good part succeeds, and every route is known.
    const succeeded = [...outcomes].filter(([outcome]) => outcome < '4').reduce((sum, [, count]) => sum + count, 0);
    expect(succeeded).toBeGreaterThan(sent / 4);
    expect(routesOf(document).length).toBeGreaterThan(30);
    await settle(database);
    expect(
      await database.query("SELECT type, last_error FROM outbox_events WHERE failures > 0 OR lane = 'parked'"),
    ).toEqual([]);
    for (const process of processes) expect(process.errorLines).toEqual([]);
  }, 7_200_000);
});
