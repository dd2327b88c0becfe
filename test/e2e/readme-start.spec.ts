import { randomInt } from 'node:crypto';
import { commandBlocks, documentText } from '../support/documented.js';
import { OtherCheckout, type RunningCommand } from '../support/other-checkout.js';
import { until } from '../support/settle.js';

const [START, , WALK] = commandBlocks(documentText('README.md')) as [string, string, string];
/** Moves all ports above those that browsers refuse. */
const SMALLEST_OFFSET = 10_000;
/** Keeps the ports of Redis between its nodes below those that the system gives to connections. */
const LARGEST_OFFSET = 15_000;
/** Somebody else may have a port of an offset. */
const TRIES = 5;
const STARTED_WITHIN_MS = 150_000;

/** In a checkout of its own: in this one somebody may have started it already. */
describe('`npm start`', () => {
  let checkout: OtherCheckout;
  let command: RunningCommand;
  let offset: number;

  async function start(): Promise<void> {
    offset = randomInt(SMALLEST_OFFSET, LARGEST_OFFSET);
    checkout = new OtherCheckout(offset);
    command = await checkout.start(START);
    await until(() => command.isOver || command.output.includes('Ctrl-C stops the API and the worker'), {
      what: 'everything to run',
      timeoutMs: STARTED_WITHIN_MS,
    });
  }

  /** As whoever tried it would clear up. */
  async function clear(): Promise<void> {
    await command?.interrupt();
    await checkout?.run('npm run stack -- reset --yes');
    checkout?.remove();
  }

  beforeAll(async () => {
    for (let tries = 1; ; tries++) {
      await start();
      if (!command.isOver) return;
      if (!/Port \d+, which .* needs, is taken/.test(command.output) || tries === TRIES)
        throw new Error(command.output);
      await clear();
    }
  }, 300_000);
  afterAll(clear, 60_000);

  it('is the first command of the README, then two people get to a post in a feed', async () => {
    expect(START).toBe('npm start\n');
    const api = `http://localhost:${3_000 + offset}`;
    expect(WALK).toContain('API=http://localhost:3000/v1\n');
    const walk = WALK.replace('http://localhost:3000', api);
    const feed = walk.trimEnd().split('\n').at(-1)!;
    // Bob may be quicker than the worker.
    await checkout.run(`${walk}\nuntil ${feed} | grep -q 'Hello, Bob! 👋'; do sleep 0.1; done`);
    const document = (await (await fetch(`${api}/openapi.json`)).json()) as { openapi: string };
    expect(document.openapi).toMatch(/^3\./);
    expect((await fetch(`${api}/docs`)).status).toBe(200);
  }, 60_000);

  it('has what Prometheus scrapes written again by `npm run stack -- up`, while it runs', async () => {
    const targets = '.stack/development/prometheus/targets/api.json';
    const output = await checkout.run(`rm ${targets}\nnpm run stack -- up\ncat ${targets}`);
    expect(output).toContain(`"127.0.0.1:${3_000 + offset}"`);
  }, 60_000);

  it('ends with Ctrl-C and leaves the services up until they are stopped', async () => {
    await command.interrupt();
    expect(command.output).toContain('Stopping the API and the worker');
    expect(command.output).not.toMatch(/Killing|started again in/);
    await expect(fetch(`http://localhost:${3_000 + offset}/health/live`)).rejects.toThrow('fetch failed');
    expect(await checkout.run('npm run stack -- status')).toMatch(/^mysql-primary .*\bup\b/m);
    await checkout.run('npm run stack -- down');
    expect(await checkout.run('npm run stack -- status || true')).not.toMatch(/\bup\b/);
  }, 60_000);
});
