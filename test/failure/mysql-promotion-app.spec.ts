import type { Member } from '../support/api-client.js';
import type { Post } from '../support/contract.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';
import { operateWell, PRIMARY, promoteReplica, restoreTopology, takeBack, untilCaughtUp } from '../support/topology.js';

const RESTORE_TIMEOUT_MS = 120_000;
/** How soon the API writes to the new primary: a look at the servers every half second, and new connections. */
const FOLLOWED_WITHIN_MS = 5_000;
const ENOUGH = 20;

describe('The application, while the primary of MySQL is lost and moved', () => {
  let app: TestApp;
  let author: Member;
  let reader: Member;

  beforeAll(async () => {
    await restoreTopology();
    app = await TestApp.start();
    [author, reader] = (await app.api.registerMany(2)) as [Member, Member];
    await reader.follow(author);
    await app.database.replicated();
  }, RESTORE_TIMEOUT_MS);
  afterAll(async () => {
    await restoreTopology();
    await app?.close();
  }, RESTORE_TIMEOUT_MS);

  /** Posts and reads all the while, and keeps what was answered. */
  function clients() {
    const posts: string[] = [];
    const writes: number[] = [];
    const reads: number[] = [];
    let isStopped = false;
    const writing = (async () => {
      while (!isStopped) {
        const { status, body } = await author.request<Post>('POST', '/v1/posts', { body: { content: 'a post' } });
        writes.push(status);
        if (status === 201) posts.push(body.id);
      }
    })();
    const reading = (async () => {
      while (!isStopped) reads.push((await reader.request('GET', `/v1/users/${author.id}`)).status);
    })();
    /** Waits until posts are answered so for a while. */
    const answeredWith = (status: number) => {
      const from = writes.length;
      const since = () => writes.slice(from).filter((each) => each === status).length >= ENOUGH;
      return until(since, { what: `posts to be answered ${status}` });
    };
    const stop = async () => {
      isStopped = true;
      await Promise.all([writing, reading]);
    };
    return { posts, writes, reads, answeredWith, stop };
  }

  it('refuses writes at once, reads on, follows the new primary without a restart, and loses nothing', async () => {
    const { posts, writes, reads, answeredWith, stop } = clients();
    try {
      await answeredWith(201);
      await services.kill(PRIMARY.name);
      await answeredWith(503);
      const heir = await promoteReplica();
      const promotedAt = performance.now();
      await answeredWith(201);
      expect(performance.now() - promotedAt).toBeLessThan(FOLLOWED_WITHIN_MS);

      await services.start(PRIMARY.name); // writable as it went; nobody may write to it
      await answeredWith(201);
      await takeBack(PRIMARY);
      await answeredWith(201);
      await untilCaughtUp(PRIMARY, heir);
      await operateWell('promote', PRIMARY.address);
      await answeredWith(201);
    } finally {
      await stop();
    }
    expect(new Set(reads)).toEqual(new Set([200]));
    expect(new Set(writes)).toEqual(new Set([201, 503]));
    const lost: string[] = [];
    for (const id of posts) if ((await reader.request('GET', `/v1/posts/${id}`)).status !== 200) lost.push(id);
    expect(lost).toEqual([]);
    const newest = posts.at(-1)!;
    await until(async () => (await reader.feedIds()).includes(newest), { what: 'the last post in the feed' });
  }, 120_000);
});
