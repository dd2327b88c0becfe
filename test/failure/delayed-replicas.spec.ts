import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import { ApiClient, Member } from '../support/api-client.js';
import type { Comment } from '../support/answers.js';
import type { OwnUser, Page, Post, User } from '../support/contract.js';
import { createUsers, memberFactory } from '../support/factories.js';
import { Metrics } from '../support/metrics.js';
import { servedBy } from '../support/serving.js';
import { StatementLog } from '../support/statements.js';
import { until } from '../support/settle.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';
import { testConfig } from '../support/test-config.js';
import { onServer, REPLICA_1, REPLICA_2 } from '../support/topology.js';

const REPLICAS = [REPLICA_1, REPLICA_2];
const DELAY_SECONDS = 30;

/** Makes both replicas apply everything so much later than the primary. */
async function delayReplicas(seconds: number): Promise<void> {
  const change = `CHANGE REPLICATION SOURCE TO SOURCE_DELAY = ${seconds}`;
  for (const replica of REPLICAS) {
    await onServer(replica, 'STOP REPLICA SQL_THREAD', change, 'START REPLICA SQL_THREAD');
  }
}

describe(`While both replicas are ${DELAY_SECONDS} s behind`, () => {
  let app: TestApp;
  let other: NestFastifyApplication;
  let primary: string;
  let replicas: string[];
  let author: Member;
  let writer: Member;
  let stranger: Member;
  let post: Post;

  beforeAll(async () => {
    app = await TestApp.start({ env: { REPLICA_MAX_LAG: '60s' } });
    other = await listen(AppModule, app.config);
    [primary, ...replicas] = await app.database.serverUuids();
    [author, writer] = (await app.api.registerMany(2)) as [Member, Member];
    stranger = memberFactory(app.database, app.api)((await createUsers(app.database, 1))[0]!);
    post = await author.post();
    await app.settle();
    await app.database.replicated();
    await delayReplicas(DELAY_SECONDS);
  });
  afterAll(async () => {
    // First, and again if it fails: every other test needs replicas that keep up.
    await until(() => delayReplicas(0).then(() => true), { what: 'the delay to be taken away' });
    await other?.close();
    await app?.close();
  });

  const everywhere = (member: Member): Member[] =>
    [app.api, new ApiClient(urlOf(other))].map((api) => new Member(api, member.id, member.token, member.session));

  const rotationOf = (instance: NestFastifyApplication) =>
    instance.get(DatabaseNodes, { strict: false }).replicas.map(({ healthy }) => healthy);

  it('they serve reads, if that is allowed, and say how far behind they are', async () => {
    await author.request('PATCH', '/v1/users/me', { body: { bio: 'new' } });
    const lag = async () => {
      const metrics = await Metrics.of(app.api);
      return REPLICAS.map(({ address }) => metrics.sum('mysql_replica_lag_seconds', { node: address }));
    };
    await until(async () => (await lag()).every((seconds) => seconds >= 2), { what: 'both to be seen to lag' });
    expect(rotationOf(app.nest)).toEqual([true, true]);
    for (let i = 0; i < 4; i++) expect(replicas).toContain(await servedBy(app.nest, stranger.id));
  });

  it('who writes sees it at once on every instance, read on the primary', async () => {
    await writer.follow(author);
    await writer.request('PUT', `/v1/posts/${post.id}/like`);
    await writer.request('PATCH', '/v1/users/me', { body: { displayName: 'Renamed' } });
    const own = await writer.post('of the writer');
    const body = { content: 'a comment' };
    const comment = (await writer.request<Comment>('POST', `/v1/posts/${post.id}/comments`, { body })).body;
    for (const me of everywhere(writer)) {
      expect(await me.user(author.id)).toMatchObject({ followedByMe: true, followerCount: 1 });
      const following = await me.get<Page<User>>(`/v1/users/${me.id}/following`);
      expect(following.items.map(({ id }) => id)).toEqual([author.id]);
      expect(await me.get<Post>(`/v1/posts/${post.id}`)).toMatchObject({
        likedByMe: true,
        likeCount: 1,
        commentCount: 1,
      });
      const likers = await me.get<Page<User>>(`/v1/posts/${post.id}/likes`);
      expect(likers.items.map(({ id }) => id)).toEqual([me.id]);
      expect(await me.get<OwnUser>('/v1/users/me')).toMatchObject({ displayName: 'Renamed', postCount: 1 });
      expect((await me.get<Page<Post>>(`/v1/users/${me.id}/posts`)).items).toEqual([own]);
      expect((await me.get<Page<Comment>>(`/v1/posts/${post.id}/comments`)).items).toEqual([comment]);
      expect(await me.feedIds()).toEqual([own.id, post.id]);
    }
    for (const instance of [app.nest, other]) expect(await servedBy(instance, writer.id)).toBe(primary);
    // Each replica is waited for once or, where the request takes long, a second time; not for everything it asks for.
    const log = new StatementLog(app.nest);
    await writer.feed();
    const waits = log.all.filter(({ sql }) => sql.includes('WAIT_FOR_EXECUTED_GTID_SET'));
    expect(waits.length).toBeLessThanOrEqual(4);

    const edited = (await writer.request<Post>('PATCH', `/v1/posts/${own.id}`, { body: { content: 'edited' } })).body;
    await writer.unfollow(author);
    await writer.request('DELETE', `/v1/posts/${post.id}/like`);
    for (const me of everywhere(writer)) {
      expect(await me.get<Post>(`/v1/posts/${own.id}`)).toEqual(edited);
      expect((await me.get<Page<User>>(`/v1/users/${me.id}/following`)).items).toEqual([]);
      expect(await me.get<Post>(`/v1/posts/${post.id}`)).toMatchObject({ likedByMe: false, likeCount: 0 });
      expect(await me.feedIds()).toEqual([own.id]);
    }
  });

  it('who has not written goes on reading the replicas, as they are', async () => {
    for (const reader of everywhere(stranger)) {
      const before = await Metrics.of(reader.api);
      expect((await reader.user(writer.id)).displayName).not.toBe('Renamed');
      expect((await reader.get<Page<Post>>(`/v1/users/${writer.id}/posts`)).items).toEqual([]);
      const after = await Metrics.of(reader.api);
      const onPrimary = after.grown(before, 'mysql_statements_total', { role: 'primary' }, 'method');
      expect(onPrimary.filter((method) => !BACKGROUND.includes(method))).toEqual([]);
    }
  });

  it('they serve no reads where so much is not allowed, and serve again once they have caught up', async () => {
    const strict = await listen(AppModule, testConfig(app.database.name, { REPLICA_MAX_LAG: '2s' }));
    try {
      await author.request('PATCH', '/v1/users/me', { body: { bio: 'newer' } });
      const rotationIs = (expected: boolean) =>
        until(() => rotationOf(strict).every((healthy) => healthy === expected), {
          what: `replicas to be ${expected ? 'in' : 'out of'} the rotation`,
        });
      await rotationIs(false);
      expect(await servedBy(strict, stranger.id)).toBe(primary);
      expect(rotationOf(app.nest)).toEqual([true, true]);
      await delayReplicas(0);
      await rotationIs(true);
      expect(replicas).toContain(await servedBy(strict, stranger.id));
      await app.database.replicated();
      expect(replicas).toContain(await servedBy(strict, writer.id));
      expect((await stranger.user(writer.id)).displayName).toBe('Renamed');
    } finally {
      await strict.close();
    }
  });
});

/** Statements of no request. */
const BACKGROUND = ['RevocationsRepository.since'];
