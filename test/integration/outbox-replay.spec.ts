import type { Id } from '../../src/common/id.js';
import { TransactionHost } from '../../src/infrastructure/database/transaction-host.js';
import { OutboxCleanupJob } from '../../src/infrastructure/outbox/outbox-cleanup.job.js';
import { OutboxReplayRepository } from '../../src/infrastructure/outbox/outbox-replay.repository.js';
import { OutboxReplay } from '../../src/infrastructure/replay/outbox-replay.js';
import { POST_CREATED } from '../../src/modules/posts/posts.events.js';
import { ApiClient, type Member } from '../support/api-client.js';
import { createPosts } from '../support/factories.js';
import { Metrics } from '../support/metrics.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Watch {
  masters: Record<string, string>;
  seen_at: Date;
  replay_from: Date | null;
  replay_until: Date | null;
}

describe(OutboxReplay.name, () => {
  let app: TestApp;
  let author: Member;
  let reader: Member;

  beforeAll(async () => {
    app = await TestApp.start({ env: { FAN_OUT_CHUNK: '1' } });
    [author, reader] = (await app.api.registerMany(2)) as [Member, Member];
    await reader.follow(author);
    await reader.feed();
    await until(async () => Object.keys((await watch())?.masters ?? {}).length === 3, { what: 'a first look' });
  });
  afterAll(() => app?.close());

  const watch = async (): Promise<Watch | undefined> =>
    (await app.database.query<Watch>('SELECT * FROM redis_watch'))[0];
  /** The moment is written as the database keeps it. */
  const setFinished = (postId: Id, at: Date) =>
    app.database.execute(
      "UPDATE outbox_events SET finished_at = ? WHERE type = ? AND payload->>'$.postId' = ? AND state = 'finished'",
      [at, POST_CREATED, postId],
    );
  /** As if one of the masters had been another one at the last look. */
  const failOver = () => app.database.execute(`UPDATE redis_watch SET masters = '{"a node": "another life"}'`);
  const replayed = () =>
    until(async () => (await watch())!.replay_until === null, { what: 'the replay to be done', timeoutMs: 30_000 });
  const takeOut = (postId: Id) => app.redis.command('zremrangebyscore', app.redis.feedKey(reader.id), postId, postId);
  const heldBy = async ({ id }: Member) => (await app.redis.entries(id)).map(({ postId }) => postId);
  const held = () => heldBy(reader);
  const insert = (values: object) => app.database.execute('INSERT INTO outbox_events SET ?', [values]);
  const LEASE = Buffer.alloc(16, 1);

  it('does the jobs again that finished within the minute before, and no older ones', async () => {
    const [recent, old] = (await author.postMany(2)) as [Id, Id];
    await app.settle();
    await app.database.execute('UPDATE outbox_events SET finished_at = ?', [new Date(Date.now() - 2 * MINUTE_MS)]);
    await setFinished(recent, new Date(Date.now() - MINUTE_MS / 2));
    await takeOut(recent);
    await takeOut(old);
    expect(await held()).toEqual([]);

    const before = await Metrics.of(new ApiClient(app.workerUrl));
    const noted = (await watch())!.masters;
    await failOver();
    await until(async () => (await watch())!.replay_until !== null, { what: 'the failover to be noticed' });
    await replayed();
    await app.settle();
    expect(await held()).toEqual([recent]);
    expect((await watch())!.masters).toEqual(noted);
    const after = await Metrics.of(new ApiClient(app.workerUrl));
    for (const name of ['redis_failovers_total', 'outbox_replayed_jobs_total']) {
      expect([name, after.sum(name) > before.sum(name)]).toEqual([name, true]);
    }
  });

  it('goes by what is true now: what was deleted or left since stays out', async () => {
    const other = await app.api.register();
    const follower = await app.api.register();
    await follower.follow(author);
    await follower.follow(other);
    await follower.feed();
    const [gone, left] = [await author.post(), await other.post()];
    await app.settle();
    await author.request('DELETE', `/v1/posts/${gone.id}`);
    await follower.unfollow(other);
    await app.settle();
    const before = await app.redis.entries(follower.id);
    await failOver();
    await until(async () => (await watch())!.replay_until !== null, { what: 'the failover to be noticed' });
    await replayed();
    await app.settle();
    expect(await app.redis.entries(follower.id)).toEqual(before);
    expect(before.map(({ postId }) => postId)).not.toContain(left.id);
  });

  it('begins jobs anew that are under way: what they have saved as done may be lost', async () => {
    const later = new Date(Date.now() + 10 * MINUTE_MS);
    const { id: postId } = await author.post();
    await app.settle();
    await takeOut(postId);
    // Held by a worker that has served everybody up to the reader.
    await insert({
      type: POST_CREATED,
      payload: JSON.stringify({ postId, authorId: author.id, createdAtMs: Date.now() }),
      progress: reader.id,
      lease_token: LEASE,
      attempts: 1,
      available_at: later,
      created_at: new Date(),
    });
    await setFinished(postId, new Date(Date.now() - 2 * MINUTE_MS));
    await failOver();
    await app.settle();
    expect(await held()).toContain(postId);
    await replayed();
  });

  it('begins them all anew, however many there are', async () => {
    const [at, later] = [new Date(), new Date(Date.now() + 10 * MINUTE_MS)];
    const begun = { type: 'test.unknown', payload: '{}', lease_token: LEASE, available_at: later, created_at: at };
    for (let count = 0; count < 5; count++) await insert(begun);
    try {
      const repository = app.inWorker(OutboxReplayRepository);
      await app.inWorker(TransactionHost).run({}, () => repository.restartBegun(at, 2));
      expect(await app.database.query('SELECT 1 FROM outbox_events WHERE lease_token = ?', [LEASE])).toEqual([]);
    } finally {
      await app.database.execute('DELETE FROM outbox_events WHERE type = ?', [begun.type]);
    }
  });

  it('raises nothing that somebody may have viewed, whichever follower it has come to', async () => {
    const second = await app.api.register();
    await second.follow(author);
    await second.feed();
    await app.settle();
    // Not the follow: what has come since would be new to it.
    await app.database.execute('UPDATE outbox_events SET finished_at = ?', [new Date(Date.now() - 2 * MINUTE_MS)]);
    const createdAtMs = Date.now() - 25 * HOUR_MS;
    const [finished, begun] = await createPosts(app.database, author.id, [
      new Date(createdAtMs),
      new Date(createdAtMs),
    ]);
    const jobOf = (postId: Id) => ({
      type: POST_CREATED,
      payload: JSON.stringify({ postId, authorId: author.id, createdAtMs }),
      attempts: 1,
      available_at: new Date(Date.now() + 10 * MINUTE_MS),
      created_at: new Date(createdAtMs),
    });
    await insert({ ...jobOf(finished!), state: 'finished', finished_at: new Date() });
    await insert({ ...jobOf(begun!), progress: reader.id, lease_token: LEASE });
    await failOver();
    await until(async () => (await watch())!.replay_until !== null, { what: 'the failover to be noticed' });
    await replayed();
    await app.settle();
    for (const who of [reader, second]) {
      const posts = await heldBy(who);
      expect(posts).not.toContain(finished);
      expect(posts).not.toContain(begun);
    }
  });

  it('has the jobs that it needs kept, for a day longer at most', async () => {
    const [needed, tooOld] = (await author.postMany(2)) as [Id, Id];
    await app.settle();
    const now = Date.now();
    await setFinished(needed, new Date(now - 2 * HOUR_MS));
    await setFinished(tooOld, new Date(now - 26 * HOUR_MS));
    await app.database.execute('UPDATE redis_watch SET replay_from = ?, replay_until = ?', [
      new Date(now - 30 * HOUR_MS),
      new Date(now),
    ]);
    await app.inWorker(OutboxCleanupJob).run();
    const jobs = await app.database.query<{ id: Id }>(
      "SELECT payload->>'$.postId' AS id FROM outbox_events WHERE payload->>'$.postId' IN (?) AND type = ?",
      [[needed, tooOld], POST_CREATED],
    );
    expect(jobs.map(({ id }) => id)).toEqual([needed]);
    await replayed();
  });
});
