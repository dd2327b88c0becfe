import { randomBytes } from 'node:crypto';
import type { Member } from '../support/api-client.js';
import { outcome } from '../support/answers.js';
import { Metrics } from '../support/metrics.js';
import { type IssuedParts, load, mp4, postWith, send, upload, uploadedInParts } from '../support/media.js';
import { TestApp } from '../support/test-app.js';

const MB = 1_024 ** 2;

describe('An upload in parts', () => {
  let app: TestApp;
  let ann: Member;
  let bob: Member;
  beforeAll(async () => {
    app = await TestApp.start({ worker: false });
    [ann, bob] = (await app.api.registerMany(2)) as [Member, Member];
  });
  afterAll(() => app?.close());

  const call = <T>(who: Member, action: string, body: object) =>
    who.request<T>('POST', `/v1/media/multipart-uploads${action}`, { body });
  const film = (size: number) => ({ fileName: 'a.mp4', contentType: 'video/mp4', size });
  const begin = async (size: number) => (await call<IssuedParts>(ann, '', film(size))).body;
  const slice = (size: number) => new Uint8Array(size);

  // Of one part: the store of the tests garbles objects of several (docs/decisions/0021-copies-by-part.md).
  it('is put together and posted like any other', async () => {
    const file = mp4(15 * MB);
    file.body.set(randomBytes(1_000), 10 * MB);
    const complete = await uploadedInParts(ann, file);
    const { key } = complete;
    expect((await call(ann, '/complete', complete)).status).toBe(204);
    expect((await call(ann, '/complete', complete)).status).toBe(204); // the answer may have got lost
    const { media } = await postWith(ann, [key]);
    const stored = await load(media[0]!.url);
    expect([stored.headers.get('content-type'), Buffer.compare(stored.body, file.body)]).toEqual(['video/mp4', 0]);
    expect(outcome(await call(ann, '/complete', complete))).toBe('422 MEDIA_REJECTED');
  });

  it('goes on where it broke off, with new addresses for what is missing', async () => {
    const { key, parts } = await begin(33 * MB);
    const etags: string[] = [];
    const sendPart = async ({ url, size }: { url: string; size: number }) => {
      const response = await fetch(url, { method: 'PUT', body: size > 16 * MB - 1 ? slice(size) : slice(MB) });
      return response.headers.get('etag')!;
    };
    etags.push(await sendPart(parts[0]!));
    const { body: again } = await call<IssuedParts>(ann, '/parts', { key, partNumbers: [2, 3, 3] });
    expect(again.parts.map(({ partNumber, size }) => [partNumber, size])).toEqual([
      [2, 16 * MB],
      [3, MB],
    ]);
    for (const part of again.parts) etags.push(await sendPart(part));
    const all = etags.map((etag, index) => ({ partNumber: index + 1, etag })).toReversed(); // in any order
    const few = await call(ann, '/complete', { key, parts: [{ partNumber: 1, etag: '"0123"' }] });
    expect(outcome(few)).toBe('422 MEDIA_REJECTED');
    expect((await call(ann, '/complete', { key, parts: all })).status).toBe(204);
  });

  it('takes parts of the size that was signed only, and no bytes that were not promised', async () => {
    const { key, parts } = await begin(17 * MB);
    const last = parts[1]!;
    const put = (url: string, size: number) => send({ url, method: 'PUT', headers: {} }, slice(size));
    expect(await put(last.url, last.size + 1)).toBe(403);
    expect(await put(last.url, last.size - 1)).toBe(403);
    expect(await put(last.url.replace('partNumber=2', 'partNumber=3'), last.size)).toBe(403);
    expect(await put(last.url.replace(key, key.replace(ann.id, bob.id)), last.size)).toBe(403);
    expect(outcome(await call(ann, '/parts', { key, partNumbers: [3] }))).toBe('422 MEDIA_REJECTED');
    // Put together of less than was promised it is not what was promised.
    const response = await fetch(last.url, { method: 'PUT', body: slice(last.size) });
    const some = [{ partNumber: 2, etag: response.headers.get('etag')! }];
    expect((await call(ann, '/complete', { key, parts: some })).status).toBe(204);
    const refused = await ann.request('POST', '/v1/posts', { body: { content: '', mediaKeys: [key] } });
    expect([outcome(refused), refused.body.errors?.[0]?.message]).toEqual([
      '422 MEDIA_REJECTED',
      expect.stringContaining('another size'),
    ]);
  });

  it('that is given up loses its parts, and can be given up again', async () => {
    const { key, parts } = await uploadedInParts(ann);
    for (let times = 0; times < 2; times++) expect((await call(ann, '/abort', { key })).status).toBe(204);
    expect(outcome(await call(ann, '/complete', { key, parts }))).toBe('422 MEDIA_NOT_UPLOADED');
    const refused = await ann.request('POST', '/v1/posts', { body: { content: '', mediaKeys: [key] } });
    expect(outcome(refused)).toBe('422 MEDIA_NOT_UPLOADED');
  });

  it('belongs to who began it, and was begun as one', async () => {
    const { key, parts } = await uploadedInParts(ann);
    const [single] = await upload(ann, mp4());
    for (const [action, more] of [
      ['/parts', { partNumbers: [1] }],
      ['/complete', { parts }],
      ['/abort', {}],
    ] as const) {
      expect(outcome(await call(bob, action, { key, ...more }))).toBe('422 MEDIA_REJECTED');
      expect(outcome(await call(ann, action, { key: single, ...more }))).toBe('422 MEDIA_NOT_UPLOADED');
    }
  });

  describe('of somebody who has asked for a thousand uploads, or nearly', () => {
    /** Somebody new, who has asked for so many. */
    async function hoarder(count: number): Promise<Member> {
      const me = await app.api.register();
      const due = new Date(Date.now() + 60_000);
      const rows = Array.from({ length: count }, (_, index) => [me.id, `media/${me.id}/${index}`, 'image/png', 1, due]);
      await app.database.execute(
        'INSERT INTO media_objects (owner_id, object_key, content_type, bytes, due_at) VALUES ?',
        [rows],
      );
      return me;
    }
    /** Attempts that the store was asked to begin and to give up while something was done. The store of the tests lists none. */
    async function attemptsOf(work: () => Promise<unknown>): Promise<{ begun: number; givenUp: number }> {
      const before = await Metrics.of(app.api);
      await work();
      const after = await Metrics.of(app.api);
      const grown = (operation: string) =>
        after.sum('storage_requests_total', { operation, result: 'done' }) -
        before.sum('storage_requests_total', { operation, result: 'done' });
      return { begun: grown('CreateMultipartUpload'), givenUp: grown('AbortMultipartUpload') };
    }

    it('is refused before the store knows of it', async () => {
      const me = await hoarder(1_000);
      const attempts = await attemptsOf(async () => {
        expect(outcome(await call(me, '', film(10)))).toBe('429 RATE_LIMITED');
      });
      expect(attempts).toEqual({ begun: 0, givenUp: 0 });
    });

    it('is counted with all that are asked for at the same time, and leaves nothing in the store when it is one too many', async () => {
      const me = await hoarder(995);
      const single = { files: [{ fileName: 'a.png', contentType: 'image/png', size: 1 }] };
      const attempts = await attemptsOf(async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            index % 2 === 0 ? call(me, '', film(10)) : me.request('POST', '/v1/media/uploads', { body: single }),
          ),
        );
        expect(answers.map(outcome).toSorted()).toEqual([
          ...Array.from({ length: 5 }, () => '201'),
          ...Array.from({ length: 15 }, () => '429 RATE_LIMITED'),
        ]);
      });
      const named = await app.database.query(
        'SELECT 1 FROM media_objects WHERE owner_id = ? AND multipart IS NOT NULL',
        [me.id],
      );
      expect(attempts.begun - attempts.givenUp).toBe(named.length);
    });
  });

  it.each([
    ['too large', { ...film(512 * MB + 1) }],
    ['empty', { ...film(0) }],
    ['of a type that nobody allows', { ...film(10), contentType: 'image/svg+xml' }],
  ])('is not begun for what is %s', async (_, body) => {
    expect(outcome(await call(ann, '', body))).toBe('400 VALIDATION_FAILED');
  });
});
