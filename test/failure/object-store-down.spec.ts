import type { Member } from '../support/api-client.js';
import { outcome } from '../support/answers.js';
import type { OwnUser, Post } from '../support/contract.js';
import { load, png, postWith, upload } from '../support/media.js';
import { services } from '../support/services.js';
import { until } from '../support/settle.js';
import { TestApp } from '../support/test-app.js';

/** Somebody waits for the answer. */
const BOUND_MS = 5_000;

describe('Without the object store', () => {
  let app: TestApp;
  let ann: Member;
  let bob: Member;
  let post: Post;
  beforeAll(async () => {
    app = await TestApp.start();
    [ann, bob] = (await app.api.registerMany(2)) as [Member, Member];
    await bob.follow(ann);
    post = await postWith(ann, await upload(ann, png()), 'with a picture');
    await app.settle();
  });
  afterAll(() => app?.close());

  const withMedia = (...mediaKeys: string[]) =>
    ann.request<Post>('POST', '/v1/posts', { body: { content: 'x', mediaKeys } });

  async function lives(keys: string[]): Promise<void> {
    // What needs no store.
    expect((await ann.post('without media')).media).toEqual([]);
    await app.settle();
    const shown = (await bob.feed()).items.find((item) => item.post.id === post.id);
    expect(shown?.post.media).toEqual(post.media);
    expect(await bob.get<Post>(`/v1/posts/${post.id}`)).toMatchObject({ media: post.media });
    const files = [{ fileName: 'a.png', contentType: 'image/png', size: 10 }];
    expect((await ann.request('POST', '/v1/media/uploads', { body: { files } })).status).toBe(201);
    // What does.
    const begunMs = performance.now();
    const refusals = [
      await withMedia(...keys),
      await ann.request<OwnUser>('PATCH', '/v1/users/me', { body: { avatarKey: keys[0] } }),
      await ann.request('POST', '/v1/media/multipart-uploads', { body: { ...files[0] } }),
    ];
    expect(performance.now() - begunMs).toBeLessThan(refusals.length * BOUND_MS);
    for (const refused of refusals) {
      expect([outcome(refused), Number(refused.headers.get('retry-after'))]).toEqual(['503 STORAGE_UNAVAILABLE', 2]);
    }
  }

  it.each([
    ['dead', (work: () => Promise<void>) => services.whileDead('object-store', work)],
    ['frozen', (work: () => Promise<void>) => services.whileFrozen('object-store', work)],
  ])(
    'that is %s, all works but what attaches media, which is told so in time and works again afterwards',
    async (_, during) => {
      const keys = await upload(ann, png(), png());
      await during(() => lives(keys));
      const made = await until(async () => ((await withMedia(...keys)).status === 201 ? true : undefined), {
        what: 'the store to serve again',
      });
      expect(made).toBe(true);
    },
  );

  it('that freezes while an upload is attached, the answer comes in time, and the upload can be attached later', async () => {
    const keys = await upload(ann, ...Array.from({ length: 10 }, () => png()));
    const begunMs = performance.now();
    const pending = withMedia(...keys);
    const answer = await services.whileFrozen('object-store', () => pending);
    expect([outcome(answer)]).toEqual([expect.stringMatching(/^(201|503 STORAGE_UNAVAILABLE)$/)]);
    expect(performance.now() - begunMs).toBeLessThan(2 * BOUND_MS);
    const found = answer.status === 201 ? answer : await withMedia(...keys);
    expect(found.body.media).toHaveLength(10);
    for (const { url } of found.body.media) expect((await load(url)).status).toBe(200);
  });
});
