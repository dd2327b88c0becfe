import type { Member } from '../support/api-client.js';
import { outcome, type Comment } from '../support/answers.js';
import type { Post } from '../support/contract.js';
import { documentOf, routesOf, type Route } from '../support/openapi.js';
import { TestApp } from '../support/test-app.js';

/** What somebody may do with an object of somebody else. */
type Rule =
  /** Everybody may read it, and sees nothing that is its owner's alone. */
  | 'shared'
  /** It changes what the caller does or likes, and nothing of the owner's. */
  | 'own side'
  /** Refused. */
  | 'owner';

/** Every route with the id of an object, and the rule of the contract for it. A new route fails the test until it is here. */
const RULES: Record<string, Rule> = {
  'GET /v1/users/{id}': 'shared',
  'GET /v1/users/by-username/{username}': 'shared',
  'GET /v1/users/{id}/posts': 'shared',
  'GET /v1/users/{id}/followers': 'shared',
  'GET /v1/users/{id}/following': 'shared',
  'PUT /v1/users/{id}/follow': 'own side',
  'DELETE /v1/users/{id}/follow': 'own side',
  'GET /v1/posts/{id}': 'shared',
  'PATCH /v1/posts/{id}': 'owner',
  'DELETE /v1/posts/{id}': 'owner',
  'POST /v1/posts/{id}/comments': 'own side',
  'GET /v1/posts/{id}/comments': 'shared',
  'GET /v1/comments/{id}': 'shared',
  'PATCH /v1/comments/{id}': 'owner',
  'DELETE /v1/comments/{id}': 'owner',
  'PUT /v1/posts/{id}/like': 'own side',
  'DELETE /v1/posts/{id}/like': 'own side',
  'GET /v1/posts/{id}/likes': 'shared',
};

/** What belongs to a user: tables with the column that says whose a row is. */
const OWNED: Record<string, string> = {
  users: 'id',
  posts: 'author_id',
  comments: 'author_id',
  likes: 'user_id',
  follows: 'follower_id',
  media_objects: 'owner_id',
  refresh_tokens: 'user_id',
  idempotency_keys: 'user_id',
};

/** Functions of operators; who may call them is their own matter, and no user's token opens them. */
const OPERATORS = ['/metrics'];

describe("Somebody else's objects (OWASP API1, API5)", () => {
  let app: TestApp;
  let routes: Route[];
  let owner: Member;
  let stranger: Member;
  let post: Post;
  let comment: Comment;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false, env: { METRICS_TOKEN: 'the-token-of-the-operators' } });
    routes = routesOf(documentOf(app)).filter(({ path }) => path.includes('{'));
    [owner, stranger] = (await app.api.registerMany(2)) as [Member, Member];
    const friend = await app.api.register();
    await owner.follow(friend);
    post = await owner.post('of the owner');
    // Under a post of a third one: whose post it is gives rights over comments, too.
    const other = await friend.post();
    const options = { token: owner.token, body: { content: 'of the owner' } };
    comment = (await app.api.expect<Comment>(201, 'POST', `/v1/posts/${other.id}/comments`, options)).body;
    await owner.request('PUT', `/v1/posts/${other.id}/like`);
    await app.database.replicated();
  });
  afterAll(() => app?.close());

  const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

  /** A good request to a route, about an object of the owner. */
  function requestTo({ method, path, operation }: Route): [method: string, path: string, body: object | undefined] {
    const id = path.startsWith('/v1/users') ? owner.id : path.startsWith('/v1/posts') ? post.id : comment.id;
    const address = path.replace('{username}', owner.session!.user.username).replace('{id}', id);
    return [method, address, operation.requestBody ? { content: 'of a stranger' } : undefined];
  }

  async function ownedRows(): Promise<unknown> {
    const tables = Object.entries(OWNED).map(async ([table, column]) => [
      table,
      await app.database.query(`SELECT * FROM ${table} WHERE ${column} = ? ORDER BY 1, 2`, [owner.id]),
    ]);
    return Promise.all(tables);
  }

  it('are reached by no route without a rule, and no rule is of a route that is gone', () => {
    expect(Object.keys(RULES).toSorted()).toEqual(routes.map(nameOf).toSorted());
  });

  it('give a stranger what the rule of the route says, and stay as they are', async () => {
    const before = await ownedRows();
    for (const route of routes) {
      const rule = RULES[nameOf(route)];
      const [method, path, body] = requestTo(route);
      const answer = await stranger.request(method, path, { body });
      const expected = rule === 'owner' ? /^403 FORBIDDEN$/ : /^20[014]$/;
      expect([nameOf(route), outcome(answer)]).toEqual([nameOf(route), expect.stringMatching(expected)]);
      expect([nameOf(route), await ownedRows()]).toEqual([nameOf(route), before]);
      expect(answer.text).not.toContain(owner.session!.user.email);
    }
  });

  it('give nothing to who has no token, nor to who has the token of an account that is gone', async () => {
    const gone = await app.api.register();
    await app.api.expect(202, 'DELETE', '/v1/users/me', {
      token: gone.token,
      body: { password: 'correct horse battery' },
    });
    for (const route of routes) {
      const [method, path, body] = requestTo(route);
      expect([nameOf(route), outcome(await app.api.request(method, path, { body }))]).toEqual([
        nameOf(route),
        '401 UNAUTHENTICATED',
      ]);
      expect([nameOf(route), outcome(await gone.request(method, path, { body }))]).toEqual([
        nameOf(route),
        '401 UNAUTHENTICATED',
      ]);
    }
  });

  it('cannot be reached by another method or a header that claims one', async () => {
    const before = await ownedRows();
    for (const header of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      for (const method of ['DELETE', 'PATCH']) {
        const headers = { [header]: method };
        await stranger.request('GET', `/v1/posts/${post.id}`, { headers });
        await stranger.request('POST', `/v1/posts/${post.id}/comments`, { headers, body: { content: 'x' } });
      }
    }
    expect(await ownedRows()).toEqual(before);
  });

  it('cannot be reached by headers that proxies set', async () => {
    const headers = { 'x-user-id': owner.id, 'x-forwarded-user': owner.id, 'x-original-url': '/v1/users/me' };
    const me = await stranger.request<{ id: string }>('GET', '/v1/users/me', { headers });
    expect(me.body.id).toBe(stranger.id);
    const edit = await stranger.request('PATCH', `/v1/posts/${post.id}`, { headers, body: { content: 'x' } });
    expect(outcome(edit)).toBe('403 FORBIDDEN');
  });

  it.each(OPERATORS)('and functions of operators are not opened by a token of a user: %s', async (path) => {
    expect(outcome(await stranger.request('GET', path))).toBe('401 UNAUTHENTICATED');
    expect(outcome(await app.api.request('GET', path, { token: 'the-token-of-the-operators' }))).toBe('200');
  });
});
