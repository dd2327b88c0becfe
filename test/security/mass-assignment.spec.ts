import { PASSWORD, type Member } from '../support/api-client.js';
import { outcome } from '../support/answers.js';
import type { Problem } from '../support/contract.js';
import { EveryRoute } from '../support/every-route.js';
import { bodySchemaOf, documentOf, resolve, routesOf, type OpenApiDocument, type Route } from '../support/openapi.js';
import { TestApp } from '../support/test-app.js';

/** What clients may not say: of the answers, of the tables, and of what other services call such things. */
const NOT_FOR_CLIENTS: Record<string, unknown> = {
  id: '1',
  authorId: '1',
  author_id: '1',
  author: { id: '1' },
  userId: '1',
  user_id: '1',
  postId: '1',
  createdAt: '2020-01-01T00:00:00.000Z',
  created_at: '2020-01-01T00:00:00.000Z',
  editedAt: null,
  deletedAt: null,
  deleted_at: null,
  likeCount: 1_000,
  commentCount: 1_000,
  followerCount: 1_000,
  postCount: 1_000,
  likedByMe: true,
  viewed: false,
  version: 7,
  media: [],
  avatarUrl: 'https://evil.example.test/a.png',
  passwordHash: '!',
  password_hash: '!',
  role: 'admin',
  roles: ['admin'],
  isAdmin: true,
  admin: true,
  emailVerified: true,
  scope: '*',
  sessionId: 'x',
  expiresIn: 1,
};

describe('What clients may not say (OWASP API3, mass assignment)', () => {
  let app: TestApp;
  let document: OpenApiDocument;
  let every: EveryRoute;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    document = documentOf(app);
    every = await EveryRoute.create(app.database, app.api);
  });
  afterAll(() => app?.close());

  const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
  const writes = () => routesOf(document).filter(({ method }) => method !== 'GET');

  it('is refused in every body, by its name, and beside fields that are right', async () => {
    const found: string[] = [];
    for (const route of writes()) {
      const fields = bodySchemaOf(document, route)?.properties;
      if (!fields) continue;
      const me = await app.api.register();
      const { path, body } = await every.writes[nameOf(route)]!(me);
      for (const [name, value] of Object.entries(NOT_FOR_CLIENTS)) {
        if (name in fields) continue;
        const answer = await me.request(route.method, path, { body: { ...(body as object), [name]: value } });
        const named = answer.body.errors?.map(({ field }) => field).join();
        if (outcome(answer) !== '400 VALIDATION_FAILED' || named !== name) {
          found.push(`${nameOf(route)} with ${name}: ${outcome(answer)} ${named}`);
        }
      }
      // None of these was done in part: the good request can still be made.
      expect([nameOf(route), (await me.request(route.method, path, { body })).status < 300]).toEqual([
        nameOf(route),
        true,
      ]);
    }
    expect(found).toEqual([]);
  });

  it('is refused inside of lists', async () => {
    const me = await app.api.register();
    let lists = 0;
    for (const route of writes()) {
      for (const [name, field] of Object.entries(bodySchemaOf(document, route)?.properties ?? {})) {
        if (!field.items?.$ref) continue;
        lists++;
        const good = resolve(document, field.items).properties!;
        const item = Object.fromEntries(Object.entries(good).map(([key, { example }]) => [key, example]));
        const { path, body } = await every.writes[nameOf(route)]!(me);
        const answer = await me.request(route.method, path, {
          body: { ...(body as object), [name]: [{ ...item, key: 'media/1/x.png', ownerId: '1' }] },
        });
        expect([nameOf(route), outcome(answer)]).toEqual([nameOf(route), '400 VALIDATION_FAILED']);
        expect(answer.body.errors?.map((error) => error.field).join()).toMatch(/key.*ownerId|ownerId.*key/);
      }
    }
    expect(lists).toBeGreaterThanOrEqual(2);
  });

  it('changes nothing where a route takes no body', async () => {
    const [me, victim] = (await app.api.registerMany(2)) as [Member, Member];
    const claims = { followerId: victim.id, userId: victim.id, id: victim.id, authorId: victim.id };
    for (const route of writes()) {
      if (bodySchemaOf(document, route)) continue;
      const { path } = await every.writes[nameOf(route)]!(me);
      await me.request<Problem>(route.method, path, { body: claims });
    }
    for (const [table, column] of [
      ['follows', 'follower_id'],
      ['likes', 'user_id'],
      ['posts', 'author_id'],
      ['comments', 'author_id'],
    ]) {
      expect(await app.database.query(`SELECT 1 FROM ${table} WHERE ${column} = ?`, [victim.id])).toEqual([]);
    }
    expect(
      (
        await app.api.request('POST', '/v1/auth/login', {
          body: { login: victim.session!.user.username, password: PASSWORD },
        })
      ).status,
    ).toBe(200);
  });
});
