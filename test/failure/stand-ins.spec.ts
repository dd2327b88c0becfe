import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import { TransactionHost } from '../../src/infrastructure/database/transaction-host.js';
import type { Member } from '../support/api-client.js';
import { createFollows, createPosts, createUsers, memberFactory } from '../support/factories.js';
import { services } from '../support/services.js';
import { servedBy } from '../support/serving.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';
import { onServer, PRIMARY, REPLICA_1, REPLICA_2, type Server } from '../support/topology.js';

const BACK_WITHIN_MS = 15_000;

/** Replicas may have stopped hearing of the primary long before it is lost. */
describe('While the primary is away', () => {
  let app: TestApp;
  let nodes: DatabaseNodes;
  let replicas: string[];
  let author: Member;
  let reader: Member;

  beforeAll(async () => {
    app = await TestApp.start({ env: { OUTBOX_LEASE: '3s' } }); // a worker loses the primary in the middle of an event
    nodes = app.nest.get(DatabaseNodes);
    [, ...replicas] = await app.database.serverUuids();
    [author, reader] = (await createUsers(app.database, 2)).map(memberFactory(app.database, app.api)) as [
      Member,
      Member,
    ];
    await createFollows(app.database, [[reader.id, author.id]]);
    await createPosts(app.database, author.id, [new Date(Date.now() - 60_000)]);
    await app.database.replicated();
  });
  afterEach(async () => {
    for (const replica of [REPLICA_1, REPLICA_2]) await onServer(replica, 'START REPLICA');
    await rotationIs([true, true]);
    await until(() => nodes.primaryUp, { what: 'the primary to be back' });
  }, 60_000);
  afterAll(() => app?.close());

  const rotationIs = (expected: boolean[]) =>
    until(() => nodes.replicas.map(({ healthy }) => healthy).join() === expected.join(), {
      what: `the rotation ${expected.join()}`,
      timeoutMs: BACK_WITHIN_MS,
    });

  /** These replicas hear of nothing new from now on; they go on applying what they have. */
  const cutOff = async (...servers: Server[]) => {
    for (const server of servers) await onServer(server, 'STOP REPLICA IO_THREAD');
  };

  const whilePrimaryIsDead = (work: () => Promise<void>) =>
    services.whileDead(PRIMARY.name, async () => {
      await until(() => !nodes.primaryUp, { what: 'the primary to be missed' });
      await work();
    });

  it('a replica that had lost it before serves nothing while another one knows more', async () => {
    await cutOff(REPLICA_2);
    await rotationIs([true, false]);
    await author.post('unknown to the second replica');
    await whilePrimaryIsDead(async () => {
      for (let looks = 0; looks < 3; looks++) {
        await nodes.recheck();
        expect(nodes.replicas.map(({ healthy }) => healthy)).toEqual([true, false]);
        for (let i = 0; i < 2; i++) {
          expect(await servedBy(app.nest, reader.id)).toBe(replicas[0]);
          expect(await servedBy(app.nest, reader.id, { fresh: true })).toBe(replicas[0]);
        }
      }
    });
  });

  it('and no replica knows the latest, what they do not know of stays in feeds', async () => {
    const older = await reader.feedIds(); // the feed is built now
    await cutOff(REPLICA_1, REPLICA_2);
    await rotationIs([false, false]);
    const post = await author.post('on the primary only');
    const arrived = async () => (await app.redis.copiesOf(post.id, [reader.id])).get(reader.id) === 1;
    await until(arrived, { what: 'the post in the feed' });
    await app.redis.command('del', `post:{${post.id}}:body`);
    await whilePrimaryIsDead(async () => {
      await rotationIs([true, true]);
      expect(await reader.feedIds()).not.toContain(post.id);
      await until(() => isViewed(older[0]!), { what: 'the reading to be recorded' });
    });
    await until(() => nodes.primaryUp, { what: 'the primary to be back' });
    expect(await reader.feedIds()).toEqual([post.id, ...older]);
  });

  const isViewed = async (id: string) =>
    (await app.redis.entries(reader.id)).some(({ postId, viewed }) => postId === id && viewed);

  it('nobody stands in for it where something is decided for good', async () => {
    const transactions = app.nest.get(TransactionHost);
    const read = (certain: boolean) =>
      transactions.run({ readOnly: true, fresh: true, certain }, async () => transactions.isCertain);
    expect(await read(true)).toBe(true);
    await whilePrimaryIsDead(async () => {
      expect(await read(false)).toBe(false);
      await expect(read(true)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    });
  });

  it('a feed that is built without the latest is built again', async () => {
    await cutOff(REPLICA_1, REPLICA_2);
    await rotationIs([false, false]);
    const post = await author.post('on the primary only, too');
    await app.settle();
    await app.redis.deleteFeeds(reader.id);
    await whilePrimaryIsDead(async () => {
      await rotationIs([true, true]);
      expect(await reader.feedIds()).not.toContain(post.id);
    });
    await until(() => nodes.primaryUp, { what: 'the primary to be back' });
    expect((await reader.feedIds())[0]).toBe(post.id);
  });
});
