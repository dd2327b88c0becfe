import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { UsersReader, type UserSummary } from '../users/users.reader.js';
import { presentSummary } from '../users/users.views.js';
import type { PostResponse } from './dto/post.response.js';
import { postNotFound } from './posts.errors.js';
import { PostsReader, type StoredPost } from './posts.reader.js';

export type { PostResponse } from './dto/post.response.js';

/** Hydrates and presents posts: one batch for each kind of thing, whatever the number of posts. */
@Injectable()
export class PostsViews {
  constructor(
    private readonly posts: PostsReader,
    private readonly users: UsersReader,
  ) {}

  /** @throws AppError `POST_NOT_FOUND` */
  async one(id: Id): Promise<PostResponse> {
    const post = (await this.many([id])).get(id);
    if (!post) throw postNotFound();
    return post;
  }

  /** Posts by id; one that is missing is deleted, was never there, or has lost its author. */
  async many(ids: readonly Id[]): Promise<Map<Id, PostResponse>> {
    const posts = await this.posts.byIds(ids);
    const authors = await this.users.summaries([...new Set([...posts.values()].map((post) => post.authorId))]);
    const views = new Map<Id, PostResponse>();
    for (const [id, post] of posts) {
      const author = authors.get(post.authorId);
      if (author) views.set(id, present(post, author));
    }
    return views;
  }
}

/** Pure. Likes, comments and media are added by the modules that bring them. */
function present(post: StoredPost, author: UserSummary): PostResponse {
  return {
    id: post.id,
    author: presentSummary(author),
    content: post.content,
    media: [],
    likeCount: 0,
    commentCount: 0,
    likedByMe: false,
    createdAt: post.createdAt.toISOString(),
    editedAt: post.editedAt?.toISOString() ?? null,
  };
}
