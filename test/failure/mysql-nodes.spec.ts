import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';
import type { Member } from '../support/api-client.js';

/** How soon a node that fell silent must be out of the rotation. */
const OUT_WITHIN_MS = 2_000;

describe('When a MySQL node', () => {
  let app: TestApp;
  let reader: Member;
  let nodes: DatabaseNodes;

  beforeAll(async () => {
    app = await TestApp.start();
    nodes = app.nest.get(DatabaseNodes);
    reader = await app.api.register();
    await app.database.replicated();
  });
  afterAll(() => app?.close());

  const inRotation = () => nodes.replicas.map((node) => node.healthy);
  const rotationIs = (expected: boolean[], timeoutMs: number) =>
    until(() => inRotation().join() === expected.join(), { what: `the rotation ${expected.join()}`, timeoutMs });

  /** Reads of somebody else's profile: they go to the replicas. */
  async function read(count: number): Promise<Record<number, number>> {
    const statuses: Record<number, number> = {};
    const one = async () => {
      const { status } = await reader.request('GET', `/v1/users/${reader.id}`);
      statuses[status] = (statuses[status] ?? 0) + 1;
    };
    for (let done = 0; done < count; done += 50) await Promise.all(Array.from({ length: 50 }, one));
    return statuses;
  }

  it('that serves reads is killed, no request fails, and it comes back by itself', async () => {
    await rotationIs([true, true], 10_000);
    const reads = read(500);
    await services.whileDead('mysql-replica-1', async () => {
      expect(await reads).toEqual({ 200: 500 });
      await rotationIs([false, true], OUT_WITHIN_MS);
      expect(await read(100)).toEqual({ 200: 100 });
    });
    await rotationIs([true, true], 10_000);
  });

  it('that serves reads freezes, no request fails, and it comes back by itself', async () => {
    await services.whileFrozen('mysql-replica-2', async () => {
      expect(await read(500)).toEqual({ 200: 500 });
      await rotationIs([true, false], OUT_WITHIN_MS);
    });
    await rotationIs([true, true], 10_000);
  });

  it('is the last replica to go, reads go to the primary', async () => {
    await services.whileDead('mysql-replica-1', () =>
      services.whileDead('mysql-replica-2', async () => {
        await rotationIs([false, false], OUT_WITHIN_MS);
        expect(await read(100)).toEqual({ 200: 100 });
      }),
    );
    await rotationIs([true, true], 10_000);
  });

  it('is the primary, reads go on, writes answer 503 within 2 s, and work again once it is back', async () => {
    const followee = await app.api.register();
    await app.database.replicated();
    await services.whileDead('mysql-primary', async () => {
      const begun = performance.now();
      const write = await reader.request('POST', '/v1/posts', { body: { content: 'lost' } });
      expect([write.status, write.body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
      expect(write.headers.get('retry-after')).toMatch(/^[1-9]/);
      expect(performance.now() - begun).toBeLessThan(2_000);
      await rotationIs([true, true], 5_000);
      expect(await read(100)).toEqual({ 200: 100 });
    });
    await reader.follow(followee);
    const post = await followee.post('kept');
    await until(async () => (await reader.feedIds()).includes(post.id), { what: 'the post in the feed' });
  });

  it('is the primary and freezes, writes answer 503 instead of hanging, and work again afterwards', async () => {
    await reader.post('before'); // the pool is warm: there are connections to hang on
    await services.whileFrozen('mysql-primary', async () => {
      const begun = performance.now();
      const write = await reader.request('POST', '/v1/posts', { body: { content: 'lost' } });
      expect([write.status, write.body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
      expect(performance.now() - begun).toBeLessThan(5_000);
      const ready = await app.api.request('GET', '/health/ready');
      expect(ready.status).toBe(503);
    });
    const works = async () => (await reader.request('POST', '/v1/posts', { body: { content: 'kept' } })).status === 201;
    await until(works, { what: 'a write to work again', timeoutMs: 10_000 });
  });
});
