import type { Member } from '../support/api-client.js';
import { outcome, type Comment } from '../support/answers.js';
import type { FeedPage, Page, Post, User } from '../support/contract.js';
import { TestApp } from '../support/test-app.js';

const TEXTS: [what: string, text: string][] = [
  ['emoji with joiners and skin tones', '👩🏽‍🚀👨‍👩‍👧‍👦🏳️‍🌈'],
  ['flags', '🇩🇪🇯🇵🏴󠁧󠁢󠁷󠁬󠁳󠁿'],
  ['a composed letter', '\u00e9'],
  ['a decomposed letter', 'e\u0301'],
  ['many combining marks', `z${'\u0335\u0353\u0300'.repeat(5)}`],
  ['right-to-left text', 'שלום עולם مرحبا'],
  ['direction marks', '\u200fabc\u202etxt\u202c\u2066x\u2069'],
  ['characters of four bytes', '𝕳𐍈𠜎🂡'],
  ['the highest code points', '\u{10FFFD}\u{F0000}'],
  ['invisible characters among others', 'a\u200b\u200d\ufeff\u00adb'],
  ['white space around it', '  \u3000x\u00a0 '],
  ['line feeds and tabs', 'a\n\tb\n'],
  ['other line ends', 'a\u2028b\u2029c'],
  ['what looks like markup and code', `<script>alert(1)</script> ' " \\ % _ {{x}} \${y}`],
  ['what looks like an escape', '\\u0041\\n\\x00'],
];

describe('Unicode', () => {
  let app: TestApp;
  let ann: Member;
  let bob: Member;

  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    [ann, bob] = (await app.api.registerMany(2)) as [Member, Member];
  });
  afterAll(() => app?.close());

  it.each(TEXTS)('comes back exactly: %s', async (_, text) => {
    const post = await ann.post(text);
    const comment = await bob.request<Comment>('POST', `/v1/posts/${post.id}/comments`, { body: { content: text } });
    const body = { displayName: text, bio: text };
    const profile = await ann.request<User>('PATCH', '/v1/users/me', { body });
    expect([profile.status, profile.body]).toEqual([200, expect.objectContaining(body)]);
    await app.database.replicated();

    expect((await bob.get<Post>(`/v1/posts/${post.id}`)).content).toBe(text);
    expect((await ann.get<Comment>(`/v1/comments/${comment.body.id}`)).content).toBe(text);
    expect((await ann.get<Page<Comment>>(`/v1/posts/${post.id}/comments`)).items[0]!.content).toBe(text);
    expect(await bob.user(ann.id)).toMatchObject(body);
    expect((await bob.get<Post>(`/v1/posts/${post.id}`)).author.displayName).toBe(text);
    expect((await ann.get<FeedPage>('/v1/feed')).items[0]!.post.content).toBe(text);
    const edited = await ann.request<Post>('PATCH', `/v1/posts/${post.id}`, { body: { content: `${text}${text}` } });
    expect(edited.body.content).toBe(`${text}${text}`);
  });

  it.each([
    '\u0000',
    '\u0001',
    '\u0008',
    '\u000b',
    '\u000c',
    '\r',
    '\u001b',
    '\u001f',
    '\u007f',
    '\u0080',
    '\u009f',
    '\ud800',
    '\udc00',
    '\udc00\ud800',
    '\ufffe',
    '\uffff',
  ])('that is a control character or no character is refused in every text: %j', async (character) => {
    const content = `a${character}b`;
    const { id } = await ann.post();
    const requests: [method: string, path: string, body: Record<string, string>][] = [
      ['POST', '/v1/posts', { content }],
      ['PATCH', `/v1/posts/${id}`, { content }],
      ['POST', `/v1/posts/${id}/comments`, { content }],
      ['PATCH', '/v1/users/me', { displayName: content }],
      ['PATCH', '/v1/users/me', { bio: content }],
    ];
    for (const [method, path, body] of requests) {
      const answer = await ann.request(method, path, { body });
      expect([path, outcome(answer)]).toEqual([path, '400 VALIDATION_FAILED']);
      expect(answer.body.errors?.map((error) => error.field)).toEqual(Object.keys(body));
    }
  });

  it('keeps two writings of one letter apart', async () => {
    const composed = await ann.post('\u00e9');
    const decomposed = await ann.post('e\u0301');
    expect([composed.content, decomposed.content]).toEqual(['\u00e9', 'e\u0301']);
  });

  it('counts a family of emoji as its code points', async () => {
    const family = '👨‍👩‍👧‍👦'; // 7 code points, 11 UTF-16 units, 25 bytes
    const fitting = family.repeat(7); // 49
    expect(outcome(await ann.request('PATCH', '/v1/users/me', { body: { displayName: fitting } }))).toBe('200');
    const tooLong = family.repeat(8); // 56
    expect(outcome(await ann.request('PATCH', '/v1/users/me', { body: { displayName: tooLong } }))).toBe(
      '400 VALIDATION_FAILED',
    );
  });

  it('that is not valid UTF-8 does not become something else unnoticed', async () => {
    const bytes = Buffer.concat([Buffer.from('{"content":"a'), Buffer.from([0xff, 0xfe]), Buffer.from('b"}')]);
    const response = await fetch(`${app.api.url}/v1/posts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'application/json' },
      body: bytes,
    });
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'MALFORMED_JSON' }),
    ]);
  });
});
