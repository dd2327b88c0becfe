import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ObjectStorage } from '../../src/infrastructure/storage/object-storage.js';
import { StorageClient, type StorageRequest } from '../../src/infrastructure/storage/storage-client.js';
import { MediaCleanupJob } from '../../src/modules/media/media-cleanup.job.js';
import { MediaWriter } from '../../src/modules/media/media.writer.js';
import { RedisCommands } from '../../src/infrastructure/redis/redis-commands.js';
import { JobTurns } from '../../src/infrastructure/scheduling/job-turns.js';
import { WorkerModule } from '../../src/worker.module.js';
import { PASSWORD, type Member } from '../support/api-client.js';
import type { OwnUser, Post } from '../support/contract.js';
import { askFor, load, png, postWith, send, upload, uploadedInParts } from '../support/media.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { listen, TestApp } from '../support/test-app.js';

describe(MediaCleanupJob.name, () => {
  let app: TestApp;
  let second: NestFastifyApplication;
  let me: Member;
  beforeAll(async () => {
    app = await TestApp.start();
    second = await listen(WorkerModule, app.config);
  });
  beforeEach(async () => {
    me = await app.api.register();
  });
  afterAll(async () => {
    await second?.close();
    await app?.close();
  });

  const jobs = () => [app.workerNest, second].map((worker) => worker.get(MediaCleanupJob, { strict: false }));
  /** The turn lasts for a while; it may be that of a worker of an earlier test. */
  const freeTurn = () => app.redis.command('del', 'job:{media-cleanup}:turn');
  const runAll = async () => {
    for (const job of jobs()) await job.run();
  };
  /** As the workers do: one of the two has its turn. */
  const clean = async () => {
    await freeTurn();
    await runAll();
  };
  const store = () => app.nest.get(ObjectStorage, { strict: false });
  const isStored = async (key: string) => (await store().inspect(key, 1)) !== undefined;
  const rows = (like = '%') =>
    app.database.query<{ key: string }>(
      'SELECT object_key AS `key` FROM media_objects WHERE owner_id = ? AND object_key LIKE ?',
      [me.id, like],
    );
  /** Lets the time pass that objects of a user are kept. */
  const timePasses = () =>
    app.database.execute('UPDATE media_objects SET due_at = UTC_TIMESTAMP(3) WHERE owner_id = ?', [me.id]);
  const ask = <T>(request: StorageRequest<T>) =>
    app.nest.get(StorageClient, { strict: false }).ask('BucketPolicy', 3_000, request);
  /** Runs `work` while the store's own rules forbid to give up what the user has begun. */
  async function whileNotGivenUp(work: () => Promise<void>): Promise<void> {
    const { bucket: Bucket } = app.config.storage;
    const Resource = `arn:aws:s3:::${Bucket}/media/${me.id}/*`;
    const Statement = [{ Effect: 'Deny', Principal: '*', Action: 's3:AbortMultipartUpload', Resource }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await ask((s3, options) => s3.send(new PutBucketPolicyCommand({ Bucket, Policy }), options));
    try {
      await work();
    } finally {
      await ask((s3, options) => s3.send(new DeleteBucketPolicyCommand({ Bucket }), options));
    }
  }
  const avatar = async (avatarKey: string | null) => {
    const options = { token: me.token, body: { avatarKey } };
    return (await app.api.expect<OwnUser>(200, 'PATCH', '/v1/users/me', options)).body.avatarUrl;
  };

  it('leaves alone what is shown, and what may still be attached', async () => {
    const [attached, waiting] = (await upload(me, png(), png())) as [string, string];
    const post = await postWith(me, [attached]);
    const url = await avatar((await upload(me, png()))[0]!);
    await clean();
    expect(await isStored(waiting)).toBe(true);
    await timePasses();
    await clean();
    expect(await rows()).toEqual([]);
    expect([await isStored(waiting), await isStored(attached)]).toEqual([false, false]);
    for (const shown of [post.media[0]!.url, url!]) expect((await load(shown)).status).toBe(200);
  });

  it('removes uploads that were never attached, uploaded or not, and what was sent to them after that', async () => {
    const [issued] = await askFor(me, [png()]);
    const [attached] = await upload(me, png());
    const post = await postWith(me, [attached!]);
    await send(issued!, png().body);
    await timePasses();
    await clean();
    expect([await isStored(issued!.key), await rows()]).toEqual([false, []]);
    // Too late for the row: the address ended long before.
    expect(await me.request('POST', '/v1/posts', { body: { content: '', mediaKeys: [issued!.key] } })).toMatchObject({
      status: 422,
      body: { code: 'MEDIA_NOT_UPLOADED' },
    });
    expect((await load(post.media[0]!.url)).status).toBe(200);
  });

  it('removes the media of a post that is deleted', async () => {
    const post = await postWith(me, await upload(me, png(), png()));
    await app.api.expect(204, 'DELETE', `/v1/posts/${post.id}`, { token: me.token });
    await app.settle();
    expect(await app.database.query('SELECT 1 FROM post_media WHERE post_id = ?', [post.id])).toEqual([]);
    await clean();
    for (const { url } of post.media) expect((await load(url)).status).toBe(404);
  });

  it('removes avatars that are changed, and all media of an account that is deleted', async () => {
    const first = await avatar((await upload(me, png()))[0]!);
    const last = await avatar((await upload(me, png()))[0]!);
    await clean();
    expect([(await load(first!)).status, (await load(last!)).status]).toEqual([404, 200]);
    const post = await postWith(me, await upload(me, png()));
    await app.api.expect(202, 'DELETE', '/v1/users/me', { token: me.token, body: { password: PASSWORD } });
    await app.settle();
    await clean();
    for (const url of [last!, post.media[0]!.url]) expect((await load(url)).status).toBe(404);
  });

  it('removes copies for a post that came to nothing', async () => {
    const keys = await upload(me, png());
    const writer = app.nest.get(MediaWriter, { strict: false });
    const prepared = await writer.prepare(me.id, { keys, fieldOf: () => 'mediaKeys' });
    const { key } = prepared.copies[0]!;
    expect([await isStored(key), await rows('published/%')]).toEqual([true, [{ key }]]);
    await timePasses();
    await clean();
    expect(await isStored(key)).toBe(false);
    // Who comes back from being frozen that long must not show what is gone.
    await expect(writer.attach(prepared)).rejects.toMatchObject({ code: expect.stringMatching(/^(MEDIA|STORAGE)_/) });
  });

  it('removes the parts of an upload that was given up without a word', async () => {
    const body = { fileName: 'a.mp4', contentType: 'video/mp4', size: 17 * 1_024 ** 2 };
    const begun = await app.api.expect<{ key: string; parts: { url: string; size: number }[] }>(
      201,
      'POST',
      '/v1/media/multipart-uploads',
      { token: me.token, body },
    );
    const part = begun.body.parts[1]!;
    const sendPart = () => send({ url: part.url, method: 'PUT', headers: {} }, new Uint8Array(part.size));
    expect(await sendPart()).toBe(200);
    await timePasses();
    await clean();
    expect(await sendPart()).toBe(404);
    expect(await rows()).toEqual([]);
  });

  it('puts an upload in parts off that the store would not give up, and removes what is due beside it', async () => {
    const { key } = await uploadedInParts(me);
    const [single] = await upload(me, png());
    await timePasses();
    await whileNotGivenUp(async () => {
      await clean();
      expect([await isStored(single!), await rows()]).toEqual([false, [{ key }]]);
      const later = 'SELECT 1 FROM media_objects WHERE owner_id = ? AND due_at > UTC_TIMESTAMP(3) + INTERVAL 50 MINUTE';
      expect(await app.database.query(later, [me.id])).toHaveLength(1);
    });
    await timePasses();
    await clean();
    expect(await rows()).toEqual([]);
  });

  it('takes hundreds in one run, in batches', async () => {
    const due = Array.from({ length: 350 }, (_, index) => [me.id, `media/${me.id}/${index}.png`, new Date()]);
    await app.database.execute('INSERT INTO media_objects (owner_id, object_key, due_at) VALUES ?', [due]);
    await clean();
    expect(await rows()).toEqual([]);
  });

  it('does nothing while it is the turn of another worker', async () => {
    await upload(me, png());
    await timePasses();
    const turns = new JobTurns(app.nest.get(RedisCommands, { strict: false }));
    await freeTurn();
    expect(await turns.take('media-cleanup', 60_000)).toBeDefined();
    await runAll();
    expect(await rows()).toHaveLength(1);
    await freeTurn();
    // Even if two believed to have it: removing twice is no harm.
    await Promise.all(jobs().map((job) => job.run()));
    expect(await rows()).toEqual([]);
  });

  it('forgets nothing while the store is down, and makes up for it afterwards', async () => {
    const post = await postWith(me, await upload(me, png()));
    await services.whileDead('object-store', async () => {
      await app.api.expect<Post>(204, 'DELETE', `/v1/posts/${post.id}`, { token: me.token });
      await app.settle();
      await clean();
      expect((await rows('published/%')).length).toBe(1);
    });
    await until(
      async () => {
        await clean();
        return (await rows('published/%')).length === 0;
      },
      { what: 'the objects to be removed' },
    );
    expect((await load(post.media[0]!.url)).status).toBe(404);
  });
});
