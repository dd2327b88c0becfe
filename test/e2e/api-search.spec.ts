import type { Member } from '../support/api-client.js';
import { outcome, walkPages } from '../support/answers.js';
import type { Page, User } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

describe('Search for users', () => {
  let app: TestApp;
  let reader: Member;
  let ids: Record<string, string>;

  const PEOPLE: [username: string, displayName: string][] = [
    ['search_zoe', 'Zoë Müller'],
    ['search_percent', '100% Ann'],
    ['search_other', '100 Bob'],
    ['search_under', 'snake_case'],
    ['search_dash', 'snakeXcase'],
    ['search_slash', 'back\\slash'],
    ['search_pipe', 'pipe|line'],
    ['search_emoji', '🦊 fox'],
    ['search_family', '👩‍👩‍👧 family'],
    ['search_arabic', 'مرحبا بالعالم'],
    ['search_cjk', '漢字の名前'],
    ['search_quote', `O'Brien "Bob"`],
    ['eric', 'Éric'],
    ['kelvin', '\u212Aelvin'],
    ['ann_1', 'Somebody'],
    ['somebody_2', 'Ann the second'],
    ['ann_3', 'Ann the third'],
  ];

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    reader = await app.api.register({ username: 'reader' });
    const members = await Promise.all(
      PEOPLE.map(([username, displayName]) => app.api.register({ username, displayName })),
    );
    ids = Object.fromEntries(members.map((member) => [member.session!.user.username, member.id]));
    await app.database.replicated();
  });
  afterAll(() => app?.close());

  const path = (query: string) => `/v1/users?query=${encodeURIComponent(query)}`;
  const found = async (query: string): Promise<string[]> => {
    const page = await reader.get<Page<User>>(`${path(query)}&limit=100`);
    expect(page.nextCursor).toBeNull();
    return page.items.map((user) => user.username);
  };

  it.each<[string, string[]]>([
    ['search_z', ['search_zoe']],
    ['SEARCH_Z', ['search_zoe']],
    ['Zoë', ['search_zoe']],
    ['zoe m', ['search_zoe']],
    ['100%', ['search_percent']],
    ['100', ['search_other', 'search_percent']],
    ['snake_', ['search_under']],
    ['snake', ['search_under', 'search_dash']],
    ['back\\', ['search_slash']],
    ['pipe|', ['search_pipe']],
    ['🦊', ['search_emoji']],
    ['👩‍👩‍👧', ['search_family']],
    ['مرحبا', ['search_arabic']],
    ['漢字', ['search_cjk']],
    [`O'Brien "`, ['search_quote']],
    ['Éric', ['eric']],
    ['eric', ['eric']],
    ['\u212Aelvin', ['kelvin']],
    ['ann', ['ann_1', 'ann_3', 'somebody_2']],
    ['Ann the', ['somebody_2', 'ann_3']],
  ])('finds by the beginning of username or display name: %s', async (query, usernames) => {
    expect((await found(query)).toSorted()).toEqual(usernames.toSorted());
  });

  it.each(['%', '_', '%%', '\\', '\\%', '|', '|%', '*', 'üller', "' OR ''='", '\u{1F98B}', '100_', 'searchXzoe'])(
    'takes every character as text: %s finds nobody',
    async (query) => {
      expect(await found(query)).toEqual([]);
    },
  );

  it('walks first the usernames, then the display names, and shows nobody twice', async () => {
    for (const limit of [1, 2, 3]) {
      const pages = await walkPages<User>(reader, path('ann'), limit);
      const usernames = pages.flatMap((page) => page.items.map((user) => user.username));
      expect([limit, usernames]).toEqual([limit, ['ann_1', 'ann_3', 'somebody_2']]);
      for (const page of pages.slice(0, -1)) expect(page.items).toHaveLength(limit);
    }
  });

  it('walks many people of the same display name without losing or repeating one', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `${index % 2 ? '' : 'other_'}twin_${index}`);
    const rows = names.map((username, index) => [
      username,
      `twin_${index}@example.test`,
      '!',
      ['Twin', 'TWIN', 'twín'][index % 3],
      new Date(),
    ]);
    await app.database.execute(
      'INSERT INTO users (username, email, password_hash, display_name, created_at) VALUES ?',
      [rows],
    );
    await app.database.replicated();
    for (const limit of [1, 4, 7]) {
      const pages = await walkPages<User>(reader, path('twin'), limit);
      const usernames = pages.flatMap((page) => page.items.map((user) => user.username));
      expect(usernames.toSorted()).toEqual(names.toSorted());
    }
  });

  it('shows users as the reader sees them', async () => {
    await reader.follow({ id: ids['ann_1']! });
    await app.database.replicated();
    const { items } = await reader.get<Page<User>>(path('ann_1'));
    expect(items).toEqual([await reader.user(ids['ann_1']!)]);
    expect(items[0]!.followedByMe).toBe(true);
  });

  it('links to the next page with the same query', async () => {
    const answer = await reader.request<Page<User>>('GET', `${path('100')}&limit=1`);
    const next = new URL(/^<(.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')![1]!);
    expect(Object.fromEntries(next.searchParams)).toEqual({
      query: '100',
      limit: '1',
      cursor: answer.body.nextCursor,
    });
  });

  it.each<[string, string]>([
    ['', 'query'],
    ['?query=', 'query'],
    ['?query=%20', 'query'],
    [`?query=${'x'.repeat(51)}`, 'query'],
    ['?query=%00', 'query'],
    ['?query=a&query=b', 'query'],
    ['?query[]=a', 'query[]'],
    ['?query=a&limit=0', 'limit'],
    ['?query=a&page=1', 'page'],
  ])('refuses %s', async (search, field) => {
    const answer = await reader.request('GET', `/v1/users${search}`);
    expect(outcome(answer)).toBe('400 VALIDATION_FAILED');
    expect(answer.body.errors?.map((error) => error.field)).toContain(field);
  });

  it.each([
    ['username', 'é', '0'],
    ['username', '\u0000', '0'],
    ['username', 'x'.repeat(300), '0'],
    ['username', 'x', '1'],
    ['name', '', ''],
    ['name', '%%%', '1'],
    ['name', 'YQ', '0'],
    ['other', 'x', '1'],
  ])('refuses or survives a cursor that it never gave: %s %j %s', async (...parts) => {
    const cursor = Buffer.from(['1', 'user-search', ...parts].join(':')).toString('base64url');
    const answer = await reader.request('GET', `${path('ann')}&cursor=${cursor}`);
    expect(['200', '400 INVALID_CURSOR']).toContain(outcome(answer));
  });
});
