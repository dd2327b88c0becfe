import { randomUUID } from 'node:crypto';
import type { Member } from '../support/api-client.js';
import { outcome } from '../support/answers.js';
import type { OwnUser, Post, Problem } from '../support/contract.js';
import { askFor, load, mp4, png, postWith, send, textAs, upload } from '../support/media.js';
import { Metrics } from '../support/metrics.js';
import { TestApp } from '../support/test-app.js';

describe('Media', () => {
  let app: TestApp;
  let ann: Member;
  let bob: Member;
  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    [ann, bob] = (await app.api.registerMany(2)) as [Member, Member];
  });
  afterAll(() => app?.close());

  const post = (who: Member, body: object, headers = {}) =>
    who.request<Post & Problem>('POST', '/v1/posts', { body, headers });
  const withMedia = (who: Member, ...mediaKeys: string[]) => post(who, { content: 'x', mediaKeys });
  const avatar = (who: Member, avatarKey: string | null) =>
    who.request<OwnUser & Problem>('PATCH', '/v1/users/me', { body: { avatarKey } });

  it('are uploaded to the store, attached to a post in their order, and read from the store', async () => {
    const files = [png(500), mp4(2_000), png(1_000)];
    const keys = await upload(ann, ...files);
    const made = await postWith(ann, keys);
    expect(made.content).toBe('');
    expect(made.media.map(({ contentType }) => contentType)).toEqual(['image/png', 'video/mp4', 'image/png']);
    for (const [index, { url, contentType }] of made.media.entries()) {
      const { status, headers, body } = await load(url);
      expect([status, headers.get('content-type'), Buffer.compare(body, files[index]!.body)]).toEqual([
        200,
        contentType,
        0,
      ]);
      expect(headers.get('cache-control')).toBe('public, max-age=86400, immutable');
      expect(headers.get('content-disposition')).toBe('attachment');
    }
    // The same addresses for everybody and wherever the post is shown.
    await app.database.replicated();
    for (const path of [`/v1/posts/${made.id}`, `/v1/users/${ann.id}/posts?limit=1`]) {
      const read = await bob.get<Post & { items: Post[] }>(path);
      expect((read.items?.[0] ?? read).media).toEqual(made.media);
    }
  });

  it('have an address that the store gave nobody for writing, and names no file of the client', async () => {
    const [issued] = await askFor(ann, [{ ...png(), fileName: '../../etc/päss wd.svg' }]);
    expect(issued!.key).toMatch(new RegExp(`^media/${ann.id}/[0-9a-f-]{36}\\.png$`));
    expect(issued).toMatchObject({ method: 'PUT', headers: { 'Content-Type': 'image/png' } });
    expect(new URL(issued!.url).pathname).toBe(`/sns-media/${issued!.key}`);
    const lastsMs = Date.parse(issued!.expiresAt) - Date.now();
    expect(Math.abs(lastsMs - 30 * 60_000)).toBeLessThan(60_000);
  });

  it.each([
    ['no files', []],
    ['eleven files', Array.from({ length: 11 }, () => ({ fileName: 'a.png', contentType: 'image/png', size: 1 }))],
    ['no bytes', [{ fileName: 'a.png', contentType: 'image/png', size: 0 }]],
    ['less than no bytes', [{ fileName: 'a.png', contentType: 'image/png', size: -1 }]],
    ['half a byte', [{ fileName: 'a.png', contentType: 'image/png', size: 1.5 }]],
    ['too large an image', [{ fileName: 'a.png', contentType: 'image/png', size: 20 * 1_024 ** 2 + 1 }]],
    ['too large a video', [{ fileName: 'a.mp4', contentType: 'video/mp4', size: 512 * 1_024 ** 2 + 1 }]],
    ['a huge number', [{ fileName: 'a.png', contentType: 'image/png', size: 1e300 }]],
    ['SVG', [{ fileName: 'a.svg', contentType: 'image/svg+xml', size: 10 }]],
    ['HTML', [{ fileName: 'a.png', contentType: 'text/html', size: 10 }]],
    ['a type with a parameter', [{ fileName: 'a.png', contentType: 'image/png; charset=x', size: 10 }]],
    ['a list in a list', [[]]],
    ['null', [null]],
  ])('are not promised for %s', async (_, files) => {
    const answer = await ann.request('POST', '/v1/media/uploads', { body: { files } });
    expect([outcome(answer), answer.body.errors?.[0]?.field]).toEqual([
      '400 VALIDATION_FAILED',
      expect.stringMatching(/^files/),
    ]);
  });

  it('take an image of exactly the largest size', async () => {
    const files = [{ fileName: 'a.png', contentType: 'image/png', size: 20 * 1_024 ** 2 }];
    expect((await ann.request('POST', '/v1/media/uploads', { body: { files } })).status).toBe(201);
  });

  it('are refused by the store when type, length, key, signature or method are not those that were signed', async () => {
    const [issued] = await askFor(ann, [png(100)]);
    const { url, headers } = issued!;
    const { body } = png(100);
    const changed = (parameter: string, value: string) => {
      const other = new URL(url);
      other.searchParams.set(parameter, value);
      return other.href;
    };
    const other = `media/${bob.id}/${randomUUID()}.png`;
    const attempts: Record<string, Parameters<typeof send>> = {
      'another type': [{ url, method: 'PUT', headers: { 'Content-Type': 'text/html' } }, body],
      'no type': [{ url, method: 'PUT', headers: {} }, body],
      'a byte more': [{ url, method: 'PUT', headers }, new Uint8Array(101)],
      'a byte less': [{ url, method: 'PUT', headers }, new Uint8Array(99)],
      "somebody else's key": [{ url: url.replace(issued!.key, other), method: 'PUT', headers }, body],
      'a published key': [{ url: url.replace('/media/', '/published/'), method: 'PUT', headers }, body],
      'another signature': [{ url: changed('X-Amz-Signature', 'a'.repeat(64)), method: 'PUT', headers }, body],
      'a longer life': [{ url: changed('X-Amz-Expires', '86400'), method: 'PUT', headers }, body],
      'no signature': [{ url: url.split('?')[0]!, method: 'PUT', headers }, body],
    };
    const answers = await Promise.all(
      Object.entries(attempts).map(async ([what, attempt]) => [what, await send(...attempt)]),
    );
    expect(answers).toEqual(Object.keys(attempts).map((what) => [what, 403]));
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
    expect(outcome(await withMedia(ann, issued!.key))).toBe('422 MEDIA_NOT_UPLOADED');
    expect(await send(issued!, body)).toBe(200);
  });

  it('are refused by the store when they come too late', async () => {
    const short = await TestApp.start({ worker: false, env: { UPLOAD_URL_TTL: '1s' } });
    try {
      const [issued] = await askFor(await short.api.register(), [png()]);
      let status = 200;
      while (status === 200) status = await send(issued!, png().body);
      expect([status, Date.now() >= Date.parse(issued!.expiresAt)]).toEqual([403, true]);
    } finally {
      await short.close();
    }
  });

  describe('are not attached', () => {
    const reasons: [string, (me: Member) => Promise<string[]> | string[], string, string][] = [
      ['before they are uploaded', async (me) => (await askFor(me, [png()])).map(({ key }) => key), 'NOT_UPLOADED', ''],
      ['with a key that nobody gave', (me) => [`media/${me.id}/${randomUUID()}.png`], 'NOT_UPLOADED', 'nothing was'],
      ['with a path upwards', (me) => [`media/${me.id}/../1/${randomUUID()}.png`], 'NOT_UPLOADED', 'nothing was'],
      ['with any text', () => ['x'], 'NOT_UPLOADED', 'nothing was'],
      ['with letters that no key has', () => ['média/é'], 'NOT_UPLOADED', 'nothing was'],
      ["with somebody else's key", () => upload(bob, png()), 'REJECTED', 'somebody else'],
      ['twice in a post', async (me) => (await upload(me, png())).flatMap((key) => [key, key]), 'REJECTED', 'once'],
      ['as a text that says it is a picture', (me) => upload(me, textAs('image/png', '<svg/>')), 'REJECTED', 'type'],
      ['as a page', (me) => upload(me, textAs('image/jpeg', '<!doctype html><script>')), 'REJECTED', 'type'],
      ['as another type of picture', (me) => upload(me, { ...png(), contentType: 'image/gif' }), 'REJECTED', 'type'],
      ['as a film that is a picture', (me) => upload(me, { ...png(), contentType: 'video/mp4' }), 'REJECTED', 'type'],
    ];
    it.each(reasons)('%s', async (_, keysOf, code, reason) => {
      const me = await app.api.register();
      const keys = await keysOf(me);
      const refused = await withMedia(me, ...keys);
      expect(outcome(refused)).toBe(`422 MEDIA_${code}`);
      expect(refused.body.detail).toContain(keys[0]);
      expect(refused.body.errors).toEqual([
        { field: expect.stringMatching(/^mediaKeys\[0\]$/), message: expect.stringContaining(reason) },
      ]);
      expect((await me.get<{ items: Post[] }>(`/v1/users/${me.id}/posts`)).items).toEqual([]);
    });

    it('when another of the post cannot be, which then can be attached with a good one', async () => {
      const [good] = await upload(ann, png());
      const refused = await withMedia(ann, good!, 'nonsense');
      expect([outcome(refused), refused.body.errors?.[0]?.field]).toEqual(['422 MEDIA_NOT_UPLOADED', 'mediaKeys[1]']);
      expect((await withMedia(ann, good!)).status).toBe(201);
    });

    it('eleven at once, or without being named in a list', async () => {
      const eleven = Array.from({ length: 11 }, () => 'x');
      for (const mediaKeys of [eleven, 'x', [7], [null], [''], {}, null]) {
        expect(outcome(await post(ann, { content: 'x', mediaKeys }))).toBe('400 VALIDATION_FAILED');
      }
    });

    it('a second time, to a post or as an avatar', async () => {
      const [key] = await upload(ann, png());
      expect((await withMedia(ann, key!)).status).toBe(201);
      for (const again of [await withMedia(ann, key!), await avatar(ann, key!)]) {
        expect([outcome(again), again.body.errors?.[0]?.message]).toEqual([
          '422 MEDIA_REJECTED',
          expect.stringContaining('attached before'),
        ]);
      }
    });

    it('to two posts that come at once', async () => {
      const keys = await upload(ann, png(), png(), png());
      const answers = await Promise.all(Array.from({ length: 6 }, () => withMedia(ann, ...keys)));
      expect(answers.map(outcome).toSorted()).toEqual([
        '201',
        ...Array.from({ length: 5 }, () => '422 MEDIA_REJECTED'),
      ]);
    });
  });

  it('need no text beside them, and a post without them does', async () => {
    for (const content of ['', ' \n']) expect(outcome(await post(ann, { content }))).toBe('400 VALIDATION_FAILED');
    expect(outcome(await post(ann, { content: '', mediaKeys: [] }))).toBe('400 VALIDATION_FAILED');
    const edit = (id: string, content: string) => ann.request('PATCH', `/v1/posts/${id}`, { body: { content } });
    const pictured = await postWith(ann, await upload(ann, png()), 'a text');
    const edited = await ann.request<Post>('PATCH', `/v1/posts/${pictured.id}`, { body: { content: '' } });
    expect([edited.status, edited.body.content, edited.body.media]).toEqual([200, '', pictured.media]);
    expect(outcome(await edit((await ann.post()).id, ''))).toBe('400 VALIDATION_FAILED');
  });

  it('stay what they were, whatever is uploaded to their address afterwards', async () => {
    const [issued] = await askFor(ann, [png(300)]);
    await send(issued!, png(300).body);
    const made = await postWith(ann, [issued!.key]);
    expect(await send(issued!, new Uint8Array(300).fill(1))).toBe(200); // the address is still good
    expect(Buffer.compare((await load(made.media[0]!.url)).body, png(300).body)).toBe(0);
  });

  it('are attached once however often a request with the same Idempotency-Key comes', async () => {
    const keys = await upload(ann, png(), png());
    const headers = { 'idempotency-key': randomUUID() };
    const body = { content: 'once', mediaKeys: keys };
    const answers = await Promise.all([1, 2, 3].map(() => post(ann, body, headers)));
    answers.push(await post(ann, body, headers));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect([answers[0]!.status, answers[0]!.body.media.length]).toEqual([201, 2]);
  });

  it('can be the avatar of their owner, wherever that is shown, until it is changed or taken away', async () => {
    const me = await app.api.register();
    const made = await me.post();
    expect(outcome(await avatar(me, (await upload(me, mp4()))[0]!))).toBe('422 MEDIA_REJECTED');
    const [first] = await upload(me, png(200));
    const answer = await avatar(me, first!);
    const url = answer.body.avatarUrl!;
    expect([answer.status, (await load(url)).body.length]).toEqual([200, 200]);
    await app.database.replicated();
    expect((await bob.user(me.id)).avatarUrl).toBe(url);
    expect((await bob.get<Post>(`/v1/posts/${made.id}`)).author.avatarUrl).toBe(url);
    await me.request('PATCH', '/v1/users/me', { body: { bio: 'x' } });
    expect((await me.get<OwnUser>('/v1/users/me')).avatarUrl).toBe(url);
    const second = (await avatar(me, (await upload(me, png()))[0]!)).body.avatarUrl;
    expect([typeof second, second === url]).toEqual(['string', false]);
    expect((await avatar(me, null)).body.avatarUrl).toBeNull();
    const released = await app.database.query(
      "SELECT 1 FROM media_objects WHERE owner_id = ? AND object_key LIKE 'published/%' AND due_at <= NOW(3)",
      [me.id],
    );
    expect(released).toHaveLength(2);
  });

  it('are asked for a thousand times at most before they are cleared away', async () => {
    const me = await app.api.register();
    const rows = Array.from({ length: 995 }, (_, index) => [
      me.id,
      `media/${me.id}/${index}`,
      'image/png',
      1,
      new Date(Date.now() + 60_000),
    ]);
    await app.database.execute(
      'INSERT INTO media_objects (owner_id, object_key, content_type, bytes, due_at) VALUES ?',
      [rows],
    );
    const files = Array.from({ length: 6 }, () => ({ fileName: 'a.png', contentType: 'image/png', size: 1 }));
    const refused = await me.request('POST', '/v1/media/uploads', { body: { files } });
    expect([outcome(refused), Number(refused.headers.get('retry-after')) > 0]).toEqual(['429 RATE_LIMITED', true]);
    expect((await me.request('POST', '/v1/media/uploads', { body: { files: files.slice(1) } })).status).toBe(201);
  });

  it('are counted as they are asked for, attached and refused', async () => {
    const before = await Metrics.of(app.api);
    const [key] = await upload(ann, png(700));
    await withMedia(ann, key!);
    await withMedia(ann, key!);
    const after = await Metrics.of(app.api);
    const grown = (name: string, labels: Record<string, string>) => after.sum(name, labels) - before.sum(name, labels);
    expect([
      grown('media_uploads_issued_total', { kind: 'image', way: 'single' }),
      grown('media_attached_total', { kind: 'image' }),
      grown('media_attached_bytes_total', { kind: 'image' }),
      grown('media_refused_total', { reason: 'used' }),
    ]).toEqual([1, 1, 700, 1]);
  });

  it('are read at the public address where there is one', async () => {
    const behindCdn = await TestApp.start({ worker: false, env: { MEDIA_PUBLIC_URL: 'https://cdn.example.test/m/' } });
    try {
      const me = await behindCdn.api.register();
      const { media } = await postWith(me, await upload(me, png()));
      expect(media[0]!.url).toMatch(
        new RegExp(`^https://cdn\\.example\\.test/m/published/${me.id}/[0-9a-f-]{36}\\.png$`),
      );
    } finally {
      await behindCdn.close();
    }
  });
});
