import { Injectable } from '@nestjs/common';
import { fillPage, inOrder } from '../../common/fill-page.js';
import { MAX_ID, type Id } from '../../common/id.js';
import { IdCursor } from '../../common/id-cursor.js';
import { toPage, type Page } from '../../infrastructure/http/page.js';
import { MediaViews } from '../media/media.views.js';
import { LikesReader } from '../likes/likes.reader.js';
import type { PostCounts } from '../post-counts/post-counts.reader.js';
import { UsersReader, type UserSummary } from '../users/users.reader.js';
import type { PostResponse } from './dto/post.response.js';
import { postNotFound } from './posts.errors.js';
import type { PostsWithCounts } from './posts.page.js';
import { PostsReader, type StoredPost } from './posts.reader.js';

export { PostResponse } from './dto/post.response.js';

const CURSOR = new IdCursor('posts');

/** What is joined to a post when it is shown. */
interface Joined {
  author: UserSummary;
  counts: PostCounts | undefined;
  likedByMe: boolean;
  /** Addresses of the media, by key. */
  urls: Map<string, string>;
}

/** Hydrates and presents posts: one batch for each kind of thing, whatever the number of posts. */
@Injectable()
export class PostsViews {
  constructor(
    private readonly posts: PostsReader,
    private readonly users: UsersReader,
    private readonly likes: LikesReader,
    private readonly media: MediaViews,
  ) {}

  /** @throws AppError `POST_NOT_FOUND` */
  async one(id: Id, readerId: Id): Promise<PostResponse> {
    const view = (await this.hydrate(this.posts.oneWithCounts(id), [id], readerId)).get(id);
    if (!view) throw postNotFound();
    return view;
  }

  /** A post that its author has just written: nobody has liked it, and all of it is at hand. */
  async fresh(post: StoredPost, author: UserSummary): Promise<PostResponse> {
    const urls = await this.media.urls(post.media.map(({ key }) => key));
    return present(post, { author, counts: undefined, likedByMe: false, urls });
  }

  /** Posts by id as `readerId` sees them; one that is missing is deleted, was never there, or has lost its author. */
  async many(ids: readonly Id[], readerId: Id): Promise<Map<Id, PostResponse>> {
    return this.hydrate(this.posts.withCounts(ids), ids, readerId);
  }

  /** Joins to posts what is shown with them. */
  private async hydrate(
    page: Promise<PostsWithCounts>,
    ids: readonly Id[],
    readerId: Id,
  ): Promise<Map<Id, PostResponse>> {
    const [{ posts, counts }, liked] = await Promise.all([page, this.likes.likedAmong(readerId, ids)]);
    const all = [...posts.values()];
    const authors = await this.users.summaries([...new Set(all.map((post) => post.authorId))]);
    const urls = await this.media.urls(all.flatMap((post) => post.media.map(({ key }) => key)));
    const views = new Map<Id, PostResponse>();
    for (const [id, post] of posts) {
      const author = authors.get(post.authorId);
      if (author) views.set(id, present(post, { author, counts: counts.get(id), likedByMe: liked.has(id), urls }));
    }
    return views;
  }

  /** An author's posts, newest first. @throws AppError `USER_NOT_FOUND`, `INVALID_CURSOR` */
  async ofAuthor(authorId: Id, readerId: Id, limit: number, cursor?: string): Promise<Page<PostResponse>> {
    const start = CURSOR.decodeOptional(cursor);
    await this.users.requireUser(authorId);
    const posts = await fillPage<Id, PostResponse>(
      {
        wanted: limit + 1,
        keysAfter: (below, count) => this.posts.idsOfAuthorBelow(authorId, below ?? MAX_ID, count),
        hydrate: async (ids) => inOrder(ids, await this.many(ids, readerId)),
      },
      start,
    );
    return toPage(posts, limit, (last) => CURSOR.encode(last.id));
  }
}

/** Pure: a stored post and what belongs to it, as clients see it. */
function present(post: StoredPost, { author, counts, likedByMe, urls }: Joined): PostResponse {
  return {
    id: post.id,
    author,
    content: post.content,
    media: post.media.map(({ key, contentType }) => ({ url: urls.get(key)!, contentType })),
    likeCount: counts?.likes ?? 0,
    commentCount: counts?.comments ?? 0,
    likedByMe,
    createdAt: post.createdAt.toISOString(),
    editedAt: post.editedAt?.toISOString() ?? null,
  };
}
