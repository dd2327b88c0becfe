import { randomInt } from 'node:crypto';
import type { Id } from '../../src/common/id.js';
import type { Comment } from '../support/answers.js';
import { ApiClient, type Member } from '../support/api-client.js';
import { createPosts, createUsers, memberFactory } from '../support/factories.js';
import { countsEverywhere } from '../support/post-counts.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { TestRedis } from '../support/redis.js';
import { services } from '../support/services.js';
import { settleCounts, until } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

const PEOPLE = 12;
const POSTS = 6;
/** Requests between two kills, so that each meets traffic. */
const BETWEEN_KILLS = 150;

describe('Counts of posts in a storm of likes and comments, whose processes die', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let posts: Id[];
  let people: Id[];
  let apis: TestProcess[];
  let workers: TestProcess[];
  const started: TestProcess[] = [];

  const start = async (name: 'main' | 'worker'): Promise<TestProcess> => {
    // As it is in production, but for what a test cannot wait for.
    const process = await startProcess(name, testEnv(database.name, { COUNT_FLUSH_INTERVAL: '2s' }));
    started.push(process);
    return process.ready();
  };

  beforeAll(async () => {
    database = await TestDatabase.create();
    redis = new TestRedis(database.config);
    people = await createUsers(database, PEOPLE);
    posts = await createPosts(
      database,
      people[0]!,
      Array.from({ length: POSTS }, () => new Date()),
    );
    apis = [await start('main'), await start('main')];
    workers = [await start('worker'), await start('worker')];
  }, 90_000);
  afterAll(async () => {
    await Promise.all(started.map((process) => process.stop('SIGKILL')));
    await redis?.close();
    await database?.drop();
  });

  const memberAt = (url: string, id: Id): Member => memberFactory(database, new ApiClient(url))(id);

  it('are the same in rows, in MySQL, in Redis and in answers once it is over', async () => {
    const answered: Record<string, number> = {};
    let done = 0;
    let over = false;
    /** Likes, takes back, comments and deletes at random, at whichever API; some requests fail, which is what is tried. */
    const storm = async (id: Id): Promise<void> => {
      const comments: Id[] = [];
      while (!over) {
        const member = memberAt(apis[randomInt(apis.length)]!.url, id);
        const post = posts[randomInt(posts.length)]!;
        const kind = randomInt(10);
        const request = (method: string, path: string, body?: object) =>
          member.request<Comment>(method, path, body ? { body } : {});
        const comment = kind > 8 ? comments.pop() : undefined;
        const answer = await (
          comment !== undefined
            ? request('DELETE', `/v1/comments/${comment}`)
            : kind > 6
              ? request('POST', `/v1/posts/${post}/comments`, { content: 'x' })
              : request(kind > 2 ? 'PUT' : 'DELETE', `/v1/posts/${post}/like`)
        ).catch(() => undefined);
        if (answer?.status === 201) comments.push(answer.body.id);
        answered[answer?.status ?? 'none'] = (answered[answer?.status ?? 'none'] ?? 0) + 1;
        done++;
      }
    };
    const traffic = async (): Promise<void> => {
      const enough = done + BETWEEN_KILLS;
      await until(() => done >= enough, { what: 'more traffic', timeoutMs: 60_000 });
    };

    const storms = people.map(storm);
    try {
      await traffic();
      for (let round = 0; round < 2; round++) {
        await workers[0]!.stop('SIGKILL');
        await traffic();
        await apis[1]!.stop('SIGKILL');
        apis[1] = await start('main');
        await traffic();
        await workers[1]!.stop('SIGKILL');
        workers = [await start('worker'), await start('worker')];
        if (round === 0) await services.whileDead('redis-1', traffic);
        await traffic();
      }
    } finally {
      over = true;
      await Promise.all(storms);
    }
    expect(answered['200']).toBeGreaterThan(BETWEEN_KILLS);
    expect(answered['none']).toBeGreaterThan(0);
    expect(answered['500'] ?? 0).toBe(0);

    await settleCounts(database, 30_000);
    const reader = memberAt(apis[0]!.url, people[1]!);
    const problems: unknown[] = [];
    for (const post of posts) {
      await reader.get(`/v1/posts/${post}`); // so that Redis keeps it
      const { rows, ...others } = await countsEverywhere(database, redis, reader, post);
      expect(rows.likes).toBeGreaterThan(0);
      for (const [place, counts] of Object.entries(others)) {
        if (JSON.stringify(counts) !== JSON.stringify(rows)) problems.push({ post, place, counts, rows });
      }
    }
    expect(problems).toEqual([]);
  }, 240_000);
});
