import type { PostResponse } from '../posts/posts.views.js';
import { visibleItems } from './feed.rules.js';

const post = (id: string, authorId: string) => ({ id, author: { id: authorId } }) as PostResponse;
const posts = new Map(
  [post('5', 'followed'), post('4', 'me'), post('3', 'left'), post('1', 'followed')].map((p) => [p.id, p]),
);

describe(visibleItems.name, () => {
  it('keeps the order and the marks, and drops deleted posts and those of authors who are not followed', () => {
    const candidates = ['5', '4', '3', '2', '1'].map((postId, index) => ({ postId, viewed: index % 2 === 1 }));
    const items = visibleItems(candidates, posts, 'me', new Set(['followed']));
    expect(items.map((item) => [item.post.id, item.viewed])).toEqual([
      ['5', false],
      ['4', true],
      ['1', false],
    ]);
  });

  it("keeps the reader's own posts although nobody follows themself", () => {
    expect(visibleItems([{ postId: '4', viewed: false }], posts, 'me', new Set())).toHaveLength(1);
  });
});
