import type { Member } from '../support/api-client.js';
import { outcome, UNKNOWN_ID } from '../support/answers.js';
import type { OwnUser, User } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

describe('Users', () => {
  let app: TestApp;
  let ann: Member;
  let bob: Member;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    [ann, bob] = (await app.api.registerMany(2)) as [Member, Member];
  });
  afterAll(() => app?.close());

  const edit = (body: unknown) => ann.request<OwnUser>('PATCH', '/v1/users/me', { body });

  it('see themselves with their e-mail address, and others without', async () => {
    const me = await ann.get<OwnUser>('/v1/users/me');
    expect(me).toEqual(ann.session!.user);
    const { email, ...rest } = me;
    expect(email).toContain('@');
    expect(await bob.user(ann.id)).toEqual(rest);
  });

  it('are found by username, in any case of its letters', async () => {
    const { username } = ann.session!.user;
    const found = await bob.get<User>(`/v1/users/by-username/${username.toUpperCase()}`);
    expect(found.id).toBe(ann.id);
  });

  it.each(['nobody_has_this', 'x', 'é', '%25', 'a%2Fb', '%00', '%F0%9F%91%8B', "x'--"])(
    'are not found by the username %s',
    async (username) => {
      const answer = await bob.request('GET', `/v1/users/by-username/${username}`);
      expect(outcome(answer)).toBe('404 USER_NOT_FOUND');
    },
  );

  it('that nobody is are 404', async () => {
    expect(outcome(await bob.request('GET', `/v1/users/${UNKNOWN_ID}`))).toBe('404 USER_NOT_FOUND');
  });

  it('change their display name and bio, each alone or both', async () => {
    const { username } = ann.session!.user;
    expect((await edit({ displayName: 'Ann Lee' })).body).toMatchObject({ displayName: 'Ann Lee', bio: '', username });
    expect((await edit({ bio: 'Likes trains.\nAnd more.' })).body).toMatchObject({
      displayName: 'Ann Lee',
      bio: 'Likes trains.\nAnd more.',
    });
    const both = await edit({ displayName: 'Ann', bio: '' });
    expect([both.status, both.body.displayName, both.body.bio]).toEqual([200, 'Ann', '']);
    expect((await edit({})).body).toEqual(both.body);
    expect(await ann.get('/v1/users/me')).toEqual(both.body);
    await app.database.replicated();
    expect(await bob.user(ann.id)).toMatchObject({ displayName: 'Ann', bio: '' });
  });

  it.each([{ displayName: '😀'.repeat(50) }, { displayName: 'x' }, { bio: '😀'.repeat(300) }])(
    'may have names of 50 code points and bios of 300',
    async (body) => {
      const answer = await edit(body);
      expect([answer.status, answer.body]).toEqual([200, expect.objectContaining(body)]);
    },
  );

  it.each<[string, object, string]>([
    ['a display name of 51 code points', { displayName: '😀'.repeat(51) }, 'displayName'],
    ['an empty display name', { displayName: '' }, 'displayName'],
    ['a blank display name', { displayName: ' \u00a0 ' }, 'displayName'],
    ['no display name', { displayName: null }, 'displayName'],
    ['a list as display name', { displayName: ['x'] }, 'displayName'],
    ['a bio of 301 code points', { bio: '😀'.repeat(301) }, 'bio'],
    ['no bio', { bio: null }, 'bio'],
    ['an object as bio', { bio: {} }, 'bio'],
    ['another username', { username: 'other' }, 'username'],
    ['another id', { id: '1' }, 'id'],
    ['counts', { followerCount: 9 }, 'followerCount'],
  ])('cannot give themselves %s', async (_, body, field) => {
    const before = await ann.get('/v1/users/me');
    const answer = await ann.request('PATCH', '/v1/users/me', { body });
    expect(outcome(answer)).toBe('400 VALIDATION_FAILED');
    expect(answer.body.errors?.map((error) => error.field)).toEqual([field]);
    expect(await ann.get('/v1/users/me')).toEqual(before);
  });

  it.each(['/v1/users/me', '/v1/users/:id', '/v1/users/by-username/:username'])(
    'are sent by %s again only when they have changed',
    async (template) => {
      const { id, username } = ann.session!.user;
      const path = template.replace(':id', id).replace(':username', username);
      const first = await ann.request('GET', path);
      const headers = { 'if-none-match': first.headers.get('etag')! };
      const again = await ann.request('GET', path, { headers });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', headers['if-none-match']]);
      expect(again.headers.get('cache-control')).toBe('private, no-store');

      await edit({ bio: `changed for ${template}` });
      await app.database.replicated();
      expect((await ann.request('GET', path, { headers })).status).toBe(200);
    },
  );

  it('have another ETag for who follows them', async () => {
    const tag = async () => (await bob.request('GET', `/v1/users/${ann.id}`)).headers.get('etag');
    const before = await tag();
    await bob.follow(ann);
    await app.database.replicated();
    expect(await tag()).not.toBe(before);
  });
});
