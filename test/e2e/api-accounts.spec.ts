import { PASSWORD, type Member } from '../support/api-client.js';
import { outcome } from '../support/answers.js';
import type { Session, TokenPair, User } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'another horse battery';

describe('Accounts', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app?.close());

  const login = (who: Member, password = PASSWORD) =>
    app.api.request<Session>('POST', '/v1/auth/login', { body: { login: who.session!.user.username, password } });
  const refresh = (refreshToken: string) =>
    app.api.request<TokenPair>('POST', '/v1/auth/refresh', { body: { refreshToken } });
  const changePassword = (who: Member, body: unknown) => who.request('PUT', '/v1/users/me/password', { body });
  const remove = (who: Member, body: unknown = { password: PASSWORD }) =>
    who.request('DELETE', '/v1/users/me', { body });

  describe('whose password changes', () => {
    it('are opened by the new one and not by the old one', async () => {
      const member = await app.api.register();
      const answer = await changePassword(member, { currentPassword: PASSWORD, newPassword: NEW_PASSWORD });
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(outcome(await login(member))).toBe('401 INVALID_CREDENTIALS');
      expect(outcome(await login(member, NEW_PASSWORD))).toBe('200');
    });

    it('lose every other session, at once, and keep the one that changed it', async () => {
      const member = await app.api.register();
      const other = (await login(member)).body;
      await changePassword(member, { currentPassword: PASSWORD, newPassword: NEW_PASSWORD });

      expect(outcome(await app.api.request('GET', '/v1/users/me', { token: other.accessToken }))).toBe(
        '401 UNAUTHENTICATED',
      );
      expect(outcome(await refresh(other.refreshToken))).toBe('401 UNAUTHENTICATED');
      expect(outcome(await member.request('GET', '/v1/users/me'))).toBe('200');
      expect(outcome(await refresh(member.session!.refreshToken))).toBe('200');
    });

    it('stay as they are when the current one is wrong', async () => {
      const member = await app.api.register();
      const other = (await login(member)).body;
      const answer = await changePassword(member, { currentPassword: 'wrong password', newPassword: NEW_PASSWORD });
      expect(outcome(answer)).toBe('401 INVALID_CREDENTIALS');
      expect(outcome(await login(member))).toBe('200');
      expect(outcome(await refresh(other.refreshToken))).toBe('200');
    });

    it.each<[string, object, string]>([
      ['too short', { newPassword: '1234567' }, 'newPassword'],
      ['too long', { newPassword: 'x'.repeat(129) }, 'newPassword'],
      ['missing', { newPassword: undefined }, 'newPassword'],
      ['no text', { newPassword: 12_345_678 }, 'newPassword'],
      ['given without the current one', { currentPassword: undefined }, 'currentPassword'],
    ])('refuse one that is %s', async (_, change, field) => {
      const member = await app.api.register();
      const answer = await changePassword(member, {
        currentPassword: PASSWORD,
        newPassword: NEW_PASSWORD,
        ...change,
      });
      expect(outcome(answer)).toBe('400 VALIDATION_FAILED');
      expect(answer.body.errors?.map((error) => error.field)).toEqual([field]);
      expect(answer.text).not.toContain(PASSWORD);
    });

    it('let one of two changes at once win', async () => {
      const member = await app.api.register();
      const passwords = ['first new password', 'second new password'];
      const answers = await Promise.all(
        passwords.map((newPassword) => changePassword(member, { currentPassword: PASSWORD, newPassword })),
      );
      expect(answers.map(outcome).toSorted()).toEqual(['204', '401 INVALID_CREDENTIALS']);
      const winner = passwords[answers.findIndex((answer) => answer.status === 204)]!;
      expect(outcome(await login(member, winner))).toBe('200');
    });
  });

  describe('that are deleted', () => {
    it('need their password for it', async () => {
      const member = await app.api.register();
      expect(outcome(await remove(member, { password: 'wrong password' }))).toBe('401 INVALID_CREDENTIALS');
      expect(outcome(await remove(member, {}))).toBe('400 VALIDATION_FAILED');
      expect(outcome(await remove(member, { password: [PASSWORD] }))).toBe('400 VALIDATION_FAILED');
      expect(outcome(await member.request('DELETE', '/v1/users/me'))).toBe('400 VALIDATION_FAILED');
      expect(outcome(await member.request('GET', '/v1/users/me'))).toBe('200');
    });

    it('are closed at once: no token, no login, no refresh', async () => {
      const member = await app.api.register();
      const other = (await login(member)).body;
      const answer = await remove(member);
      expect([answer.status, answer.text]).toEqual([202, '']);
      for (const token of [member.token, other.accessToken]) {
        expect(outcome(await app.api.request('GET', '/v1/users/me', { token }))).toBe('401 UNAUTHENTICATED');
        const post = await app.api.request('POST', '/v1/posts', { token, body: { content: 'x' } });
        expect(outcome(post)).toBe('401 UNAUTHENTICATED');
      }
      for (const { refreshToken } of [member.session!, other]) {
        expect(outcome(await refresh(refreshToken))).toBe('401 UNAUTHENTICATED');
      }
      expect(outcome(await login(member))).toBe('401 INVALID_CREDENTIALS');
      expect(outcome(await remove(member))).toBe('401 UNAUTHENTICATED');
    });

    it('leave their username and e-mail address to whoever wants them next', async () => {
      const member = await app.api.register();
      const { username, email } = member.session!.user;
      await remove(member);
      const next = await app.api.register({ username, email });
      expect(next.id).not.toBe(member.id);
      expect((await next.get<User>(`/v1/users/by-username/${username}`)).id).toBe(next.id);
      await app.settle();
      expect((await next.get<User>('/v1/users/me')).username).toBe(username);
    });

    it('disappear from everywhere at once, before anything is cleared away', async () => {
      const idle = await TestApp.start({ worker: false });
      try {
        const [gone, friend] = (await idle.api.registerMany(2)) as [Member, Member];
        const post = await gone.post('of the deleted account');
        const friendly = await friend.post();
        await friend.follow(gone);
        await gone.follow(friend);
        await gone.request('PUT', `/v1/posts/${friendly.id}/like`);
        const body = { content: 'x' };
        const comment = await gone.request<{ id: string }>('POST', `/v1/posts/${friendly.id}/comments`, { body });
        const answer = await friend.request<{ id: string }>('POST', `/v1/posts/${post.id}/comments`, { body });
        await friend.request('PUT', `/v1/posts/${post.id}/like`);
        expect(await friend.feedIds()).toEqual([friendly.id, post.id]);
        await idle.api.expect(202, 'DELETE', '/v1/users/me', { token: gone.token, body: { password: PASSWORD } });
        await idle.database.replicated();

        const { username } = gone.session!.user;
        const absent: [path: string, code: string][] = [
          [`/v1/users/${gone.id}`, '404 USER_NOT_FOUND'],
          [`/v1/users/by-username/${username}`, '404 USER_NOT_FOUND'],
          [`/v1/users/${gone.id}/posts`, '404 USER_NOT_FOUND'],
          [`/v1/users/${gone.id}/followers`, '404 USER_NOT_FOUND'],
          [`/v1/users/${gone.id}/following`, '404 USER_NOT_FOUND'],
          [`/v1/posts/${post.id}`, '404 POST_NOT_FOUND'],
          [`/v1/posts/${post.id}/comments`, '404 POST_NOT_FOUND'],
          [`/v1/posts/${post.id}/likes`, '404 POST_NOT_FOUND'],
          [`/v1/comments/${comment.body.id}`, '404 COMMENT_NOT_FOUND'],
          [`/v1/comments/${answer.body.id}`, '404 COMMENT_NOT_FOUND'],
        ];
        for (const [path, code] of absent) {
          expect([path, outcome(await friend.request('GET', path))]).toEqual([path, code]);
        }
        const parentId = comment.body.id;
        const refused: [method: string, path: string, body: object | undefined, code: string][] = [
          ['PUT', `/v1/users/${gone.id}/follow`, undefined, '404 USER_NOT_FOUND'],
          ['PUT', `/v1/posts/${post.id}/like`, undefined, '404 POST_NOT_FOUND'],
          ['DELETE', `/v1/posts/${post.id}/like`, undefined, '404 POST_NOT_FOUND'],
          ['POST', `/v1/posts/${post.id}/comments`, body, '404 POST_NOT_FOUND'],
          ['POST', `/v1/posts/${friendly.id}/comments`, { ...body, parentId }, '404 COMMENT_NOT_FOUND'],
          ['PATCH', `/v1/comments/${answer.body.id}`, body, '404 COMMENT_NOT_FOUND'],
          ['DELETE', `/v1/comments/${answer.body.id}`, undefined, '404 COMMENT_NOT_FOUND'],
        ];
        const answered = [];
        for (const [method, path, sent] of refused) {
          answered.push([method, path, sent, outcome(await friend.request(method, path, { body: sent }))]);
        }
        expect(answered).toEqual(refused);
        for (const path of [
          `/v1/users/${friend.id}/followers`,
          `/v1/users/${friend.id}/following`,
          `/v1/posts/${friendly.id}/likes`,
          `/v1/posts/${friendly.id}/comments`,
          `/v1/users?query=${username}`,
        ]) {
          expect([path, await friend.get(path)]).toEqual([path, { items: [], nextCursor: null }]);
        }
        expect(await friend.feedIds()).toEqual([friendly.id]);
      } finally {
        await idle.close();
      }
    });

    it('leave nothing behind in any table, and the counts of others right', async () => {
      const [gone, friend] = (await app.api.registerMany(2)) as [Member, Member];
      const friendly = await friend.post();
      for (let i = 0; i < 3; i++) {
        const content = `post ${i}`;
        await gone.request('POST', '/v1/posts', { body: { content }, headers: { 'idempotency-key': `key-${i}` } });
      }
      const [own] = (await gone.get<{ items: { id: string }[] }>(`/v1/users/${gone.id}/posts`)).items;
      await friend.follow(gone);
      await gone.follow(friend);
      for (const [who, id] of [
        [gone, friendly.id],
        [friend, own!.id],
        [friend, friendly.id],
      ] as const) {
        await who.request('PUT', `/v1/posts/${id}/like`);
        await who.request('POST', `/v1/posts/${id}/comments`, { body: { content: 'x' } });
      }
      await app.settle();
      await remove(gone);
      await app.settle();

      expect(await friend.get('/v1/users/me')).toMatchObject({ followerCount: 0, followingCount: 0, postCount: 1 });
      await app.database.replicated();
      expect(await friend.get(`/v1/posts/${friendly.id}`)).toMatchObject({ likeCount: 1, commentCount: 1 });
      expect(await rowsOf(gone.id)).toEqual({});
      expect(await app.redis.copiesOf(own!.id, [friend.id])).toEqual(new Map([[friend.id, 0]]));
    });

    /** Rows that name the user, or a post of nobody, in any table but those that only remember work. */
    async function rowsOf(userId: string): Promise<Record<string, number>> {
      const columns = await app.database.query<{ tableName: string; columnName: string }>(
        `SELECT TABLE_NAME AS tableName, COLUMN_NAME AS columnName FROM information_schema.COLUMNS
          WHERE TABLE_SCHEMA = ? AND DATA_TYPE = 'bigint'
            AND TABLE_NAME NOT IN ('schema_migrations', 'outbox_events', 'session_revocations')`,
        [app.database.name],
      );
      expect(columns.length).toBeGreaterThan(10);
      const found: Record<string, number> = {};
      for (const { tableName, columnName } of columns) {
        const isPost = columnName === 'post_id';
        const isUser = columnName.endsWith('_id') || (tableName === 'users' && columnName === 'id');
        if (!isPost && !isUser) continue;
        const condition = isPost ? `${columnName} NOT IN (SELECT id FROM posts)` : `${columnName} = ?`;
        const [row] = await app.database.query<{ n: number }>(
          `SELECT COUNT(*) AS n FROM ${tableName} WHERE ${condition}`,
          [userId],
        );
        if (Number(row!.n) > 0) found[`${tableName}.${columnName}`] = Number(row!.n);
      }
      return found;
    }
  });
});
