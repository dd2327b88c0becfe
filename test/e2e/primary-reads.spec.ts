import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { DatabaseNodes } from '../../src/infrastructure/database/database-nodes.js';
import type { PoolObserver } from '../../src/infrastructure/database/pool-observer.js';
import { statementSource } from '../../src/infrastructure/database/statement-source.js';
import { createOpenApiDocument } from '../../src/infrastructure/openapi/openapi.js';
import { ApiClient, type Member } from '../support/api-client.js';
import { UNKNOWN_ID } from '../support/answers.js';
import { EveryRoute } from '../support/every-route.js';
import { createUsers, memberFactory } from '../support/factories.js';
import { Metrics } from '../support/metrics.js';
import { routesOf, type OpenApiDocument } from '../support/openapi.js';
import { listen, TestApp, urlOf } from '../support/test-app.js';

/**
 * What a GET asks the primary on behalf of somebody who has not written lately, and why. All others ask it nothing; one
 * that appears here makes the primary a limit for readers, and reading depend on it.
 */
const READ_BY_GET: Record<string, string[]> = {
  // Pushes land in a feed from its first moment, so the posts before that moment must all be found: no replica can say so.
  'GET /v1/feed, for the first time': ['FeedsRepository.recentPosts'],
  // A miss on a replica that lags proves nothing.
  'GET /v1/users/by-username/{username}, of nobody': ['UsersRepository.idByUsername'],
  'GET /v1/users/{id}, of nobody': ['UsersRepository.profilesByIds'],
  'GET /v1/users/{id}/followers, of nobody': ['UsersRepository.summariesByIds'],
  'GET /v1/users/{id}/following, of nobody': ['UsersRepository.summariesByIds'],
  'GET /v1/users/{id}/posts, of nobody': ['UsersRepository.summariesByIds'],
  'GET /v1/posts/{id}/comments, of nobody': ['CommentsRepository.postExists'],
  'GET /v1/posts/{id}/likes, of nobody': ['LikesRepository.postExists'],
  'GET /v1/comments/{id}, of nobody': ['CommentsRepository.byIds'],
};

/** What writes read of the primary beside their transactions, and why. */
const READ_BY_WRITES: Record<string, string[]> = {
  // Who has just registered or changed the password, on whichever instance, must get in, and with the new one only.
  'POST /v1/auth/login': ['UsersRepository.credentialsByLogin'],
  'PUT /v1/users/me/password': ['UsersRepository.passwordHash'],
  'DELETE /v1/users/me': ['UsersRepository.passwordHash'],
  // Taken back without having been given, as a repeat would be: the count of now, which may not be in Redis yet.
  // And as it changes nothing, how far the primary is, so that what it found is seen everywhere (0040).
  'DELETE /v1/posts/{id}/like': ['PostCountsRepository.counts', 'none'],
  // How many there are already, before the store is asked for one more.
  'POST /v1/media/multipart-uploads': ['MediaRepository.countUploads'],
  // What was asked for a moment ago, on whichever instance.
  'POST /v1/media/multipart-uploads/parts': ['MediaRepository.uploads'],
  'POST /v1/media/multipart-uploads/complete': ['MediaRepository.uploads'],
  'POST /v1/media/multipart-uploads/abort': ['MediaRepository.uploads'],
  // Feeds are brought in line with what is true now, which includes what others do at the same moment.
  'PUT /v1/users/{id}/follow': ['FollowsRepository.followedAmong', 'PostsRepository.recentOfAuthor'],
  'DELETE /v1/users/{id}/follow': ['FollowsRepository.followedAmong', 'PostsRepository.authorsAmong'],
};

/** Learns of sessions that ended on other instances, whatever is asked of the process. */
const BACKGROUND = 'RevocationsRepository.since';

/** A replica may fall behind by accident, and then the primary is asked; what is asked of it every time is meant so. */
const TRIES = 5;

describe('The primary is read', () => {
  let app: TestApp;
  /** One that has written nothing for anybody, so that it remembers nothing by itself. */
  let instance: NestFastifyApplication;
  let api: ApiClient;
  let routes: string[];
  let members: (id: string) => Member;
  let every: EveryRoute;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    instance = await listen(AppModule, app.config);
    api = new ApiClient(urlOf(instance));
    const document = createOpenApiDocument(instance, app.config.http.publicUrl) as unknown as OpenApiDocument;
    routes = routesOf(document).map(({ method, path }) => `${method} ${path}`);
    members = memberFactory(app.database, api);
    every = await EveryRoute.create(app.database, api);
  });
  afterAll(async () => {
    await instance?.close();
    await app?.close();
  });

  /** Runs something until it reads what is expected of the primary, or has read the same more several times. */
  async function alwaysRead(expected: string[], measure: () => Promise<string[]>): Promise<string[]> {
    let always: string[] | undefined;
    for (let tries = 0; tries < TRIES && always?.join() !== expected.join(); tries++) {
      const methods = new Set(await measure());
      always = (always ?? [...methods]).filter((method) => methods.has(method));
    }
    return always!;
  }

  it('by the GETs that are listed with their reasons, and by no other', async () => {
    const paths = every.gets;
    expect(Object.keys(paths).toSorted()).toEqual(routes.filter((route) => route.startsWith('GET ')).toSorted());

    const found: Record<string, string[]> = {};
    const look = async (name: string, status: number, path: string, who: () => Promise<Member>) => {
      const methods = await alwaysRead(READ_BY_GET[name] ?? [], async () => {
        const member = await who();
        const before = await Metrics.of(api);
        await api.expect(status, 'GET', path, { token: member.token });
        const after = await Metrics.of(api);
        const grown = after.grown(before, 'mysql_statements_total', { role: 'primary' }, 'method');
        return grown.filter((method) => method !== BACKGROUND);
      });
      if (methods.length > 0) found[name] = methods;
    };
    for (const [route, path] of Object.entries(paths))
      await look(route, 200, path, () => Promise.resolve(every.reader));
    for (const route of Object.keys(paths).filter((one) => one.includes('{'))) {
      const path = route.replace('GET ', '').replace('{id}', UNKNOWN_ID).replace('{username}', 'nobody');
      await look(`${route}, of nobody`, 404, path, () => Promise.resolve(every.reader));
    }
    await look('GET /v1/feed, for the first time', 200, '/v1/feed', async () => {
      const [id] = await createUsers(app.database, 1);
      await app.database.replicated();
      return members(id!);
    });
    expect(found).toEqual(READ_BY_GET);
  });

  it('by the writes that are listed with their reasons, beside their transactions', async () => {
    const { writes } = every;
    expect(Object.keys(writes).toSorted()).toEqual(routes.filter((route) => !route.startsWith('GET ')).toSorted());

    const log = new PrimaryReads(instance);
    const found: Record<string, string[]> = {};
    for (const [route, prepare] of Object.entries(writes)) {
      const methods = await alwaysRead(READ_BY_WRITES[route] ?? [], async () => {
        const me = await api.register();
        const { path, body } = await prepare(me);
        log.clear();
        const answer = await me.request(route.split(' ')[0]!, path, { ...(body !== undefined && { body }) });
        expect([route, Math.floor(answer.status / 100), answer.text]).toEqual([route, 2, answer.text]);
        return log.methods;
      });
      if (methods.length > 0) found[route] = methods;
    }
    expect(found).toEqual(READ_BY_WRITES);
  });
});

/** Whose statements reach the primary on the connections that only read. */
class PrimaryReads implements PoolObserver {
  private seen = new Set<string>();

  constructor(app: NestFastifyApplication) {
    app.get(DatabaseNodes, { strict: false }).primaryReads.observer = this;
  }

  get methods(): string[] {
    return [...this.seen].filter((method) => method !== BACKGROUND).toSorted();
  }

  clear(): void {
    this.seen = new Set();
  }

  statement(): void {
    this.seen.add(statementSource.getStore() ?? 'none');
  }

  acquired(): void {}
  failed(): void {}
}
