import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import { tally } from '../support/answers.js';
import type { Member } from '../support/api-client.js';
import { Metrics } from '../support/metrics.js';
import { servedBy } from '../support/serving.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

/** How soon a node that fell silent must be out of the rotation. */
const OUT_WITHIN_MS = 2_000;
const BACK_WITHIN_MS = 10_000;

/** A silent node is waited for 1.5 s. */
const WAIT_FOR_ONE_MS = 2_500;
const AT_ONCE = 500;
const ATTEMPTS = 4;

describe('When a MySQL node', () => {
  let app: TestApp;
  let reader: Member;
  let nodes: DatabaseNodes;
  let primary: string;
  let replicas: [string, string];

  beforeAll(async () => {
    app = await TestApp.start();
    nodes = app.nest.get(DatabaseNodes);
    reader = await app.api.register();
    [primary, ...replicas] = (await app.database.serverUuids()) as [string, string, string];
    await app.database.replicated();
  });
  afterAll(() => app?.close());

  const inRotation = () => nodes.replicas.map((node) => node.healthy);
  const rotationIs = (expected: boolean[], timeoutMs: number) =>
    until(() => inRotation().join() === expected.join(), { what: `the rotation ${expected.join()}`, timeoutMs });

  /** Which servers the next reads go to, by their uuids, with how often each. */
  async function served(count: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const uuid = await servedBy(app.nest);
      counts[uuid] = (counts[uuid] ?? 0) + 1;
    }
    return counts;
  }

  /** Many requests at once, each of which needs a replica once. */
  const read = async (count: number) =>
    tally(await Promise.all(Array.from({ length: count }, () => reader.request('GET', '/v1/users/me'))));

  /** How often a replica lent no connection, since the start. */
  const refusals = async (replica: number): Promise<number> => {
    const node = nodes.replicas[replica]!.name;
    return (await Metrics.of(app.api)).sum('mysql_pool_errors_total', { node });
  };

  /**
   * Makes requests while a replica fails. On a busy machine it may be out of the rotation before the first of them
   * reaches it, so this is done again until some have met it.
   */
  async function untilMet(replica: number, fail: (requests: () => Promise<void>) => Promise<void>): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await rotationIs([true, true], BACK_WITHIN_MS);
      const before = await refusals(replica);
      await fail(async () => expect(await read(AT_ONCE)).toEqual({ 200: AT_ONCE }));
      if ((await refusals(replica)) > before) return;
    }
    throw new Error('no request ever met the replica that failed');
  }

  it('is well, each replica serves every other read, and the primary those that must be fresh', async () => {
    await rotationIs([true, true], BACK_WITHIN_MS);
    expect(await served(10)).toEqual({ [replicas[0]]: 5, [replicas[1]]: 5 });
    for (let i = 0; i < 3; i++) expect(await servedBy(app.nest, undefined, { fresh: true })).toBe(primary);
  });

  it('that serves reads is killed, none of 500 requests at once fails, and it serves again once it is back', async () => {
    await untilMet(0, async (requests) => {
      const killed = services.kill('mysql-replica-1'); // first, or it waits in this process until all are answered
      try {
        await Promise.all([killed, requests()]);
        await rotationIs([false, true], OUT_WITHIN_MS);
        expect(await served(10)).toEqual({ [replicas[1]]: 10 });
      } finally {
        await services.start('mysql-replica-1');
      }
    });
    await rotationIs([true, true], BACK_WITHIN_MS);
    expect(await served(10)).toEqual({ [replicas[0]]: 5, [replicas[1]]: 5 });
  });

  it('that serves reads freezes, none of 500 requests at once fails, and it serves again afterwards', async () => {
    await untilMet(1, (requests) =>
      services.whileFrozen('mysql-replica-2', async () => {
        await requests();
        await rotationIs([true, false], OUT_WITHIN_MS);
        expect(await served(10)).toEqual({ [replicas[0]]: 10 });
      }),
    );
    await rotationIs([true, true], BACK_WITHIN_MS);
    expect(await served(10)).toEqual({ [replicas[0]]: 5, [replicas[1]]: 5 });
  });

  it('is the last replica to go, reads go to the primary', async () => {
    await services.whileDead('mysql-replica-1', () =>
      services.whileDead('mysql-replica-2', async () => {
        await rotationIs([false, false], OUT_WITHIN_MS);
        expect(await read(100)).toEqual({ 200: 100 });
        expect(await served(10)).toEqual({ [primary]: 10 });
      }),
    );
    await rotationIs([true, true], BACK_WITHIN_MS);
  });

  it('freezes together with the other replica, nobody waits for both of them', async () => {
    await services.whileFrozen('mysql-replica-1', () =>
      services.whileFrozen('mysql-replica-2', async () => {
        const begun = performance.now();
        expect(await read(20)).toEqual({ 200: 20 });
        expect(performance.now() - begun).toBeLessThan(WAIT_FOR_ONE_MS);
        expect(await served(10)).toEqual({ [primary]: 10 });
      }),
    );
    await rotationIs([true, true], BACK_WITHIN_MS);
  });
});
