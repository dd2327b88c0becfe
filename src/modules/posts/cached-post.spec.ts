import { decodePost, DELETED, encodePost, MISSING } from './cached-post.js';
import type { StoredPost } from './posts.repository.js';

const post: StoredPost = {
  id: '9223372036854775807',
  authorId: '2',
  content: 'a | b\n"c" 💥',
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
  editedAt: null,
  version: 1,
  media: [{ key: 'published/2/x.jpg', contentType: 'image/jpeg' }],
};

describe('A cached post', () => {
  it('comes back as it was, edited or not', () => {
    expect(decodePost(encodePost(post))).toEqual({ is: 'there', post });
    const edited = { ...post, editedAt: new Date('2026-01-02T03:04:06.000Z'), version: 12 };
    expect(decodePost(encodePost(edited))).toEqual({ is: 'there', post: edited });
  });

  it('begins with its version, for scripts to compare', () => {
    expect(encodePost({ ...post, version: 12 })).toMatch(/^12\|\{/);
  });

  it('is not taken from what was written without its media', () => {
    expect(decodePost('3|{"id":"7","authorId":"2","content":"|{\\"media\\":","createdAt":1}')).toBeUndefined();
  });

  it('can be missing or deleted', () => {
    expect(decodePost(MISSING)).toEqual({ is: 'missing' });
    expect(decodePost(DELETED)).toEqual({ is: 'deleted' });
  });
});
