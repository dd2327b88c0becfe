import { Injectable } from '@nestjs/common';
import { fillPage, inOrder } from '../../common/fill-page.js';
import type { Id } from '../../common/id.js';
import { IdCursor } from '../../common/id-cursor.js';
import { confirmedRows } from '../../infrastructure/database/confirmed-read.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { toPage, type Page } from '../../infrastructure/http/page.js';
import { UsersReader, type UserSummary } from '../users/users.reader.js';
import { commentedPostNotFound, commentNotFound } from './comments.errors.js';
import { CommentsRepository, type StoredComment } from './comments.repository.js';
import type { CommentResponse } from './dto/comment.response.js';

const CURSOR = new IdCursor('comments');

/** Hydrates and presents comments. */
@Injectable()
export class CommentsViews {
  constructor(
    private readonly repository: CommentsRepository,
    private readonly users: UsersReader,
  ) {}

  /** @throws AppError `COMMENT_NOT_FOUND` */
  async one(id: Id): Promise<CommentResponse> {
    const comment = (await this.many([id])).get(id);
    if (!comment) throw commentNotFound();
    return comment;
  }

  /** A post's comments, oldest first. @throws AppError `POST_NOT_FOUND`, `INVALID_CURSOR` */
  async ofPost(postId: Id, limit: number, cursor?: string): Promise<Page<CommentResponse>> {
    const start = CURSOR.decodeOptional(cursor);
    // A replica may not know yet what has just been posted.
    if (!(await this.postOnReplica(postId)) && !(await this.postOnPrimary(postId))) throw commentedPostNotFound();
    const comments = await fillPage<Id, CommentResponse>(
      {
        wanted: limit + 1,
        keysAfter: (after, count) => this.idsAfter(postId, after ?? '0', count),
        hydrate: async (ids) => inOrder(ids, await this.many(ids)),
      },
      start,
    );
    return toPage(comments, limit, (last) => CURSOR.encode(last.id));
  }

  private async many(ids: readonly Id[]): Promise<Map<Id, CommentResponse>> {
    const comments = await confirmedRows(
      ids,
      (some) => this.onReplica(some),
      (some) => this.onPrimary(some),
    );
    const authors = await this.users.summaries([...new Set([...comments.values()].map((comment) => comment.authorId))]);
    const views = new Map<Id, CommentResponse>();
    for (const [id, comment] of comments) {
      const author = authors.get(comment.authorId);
      if (author) views.set(id, present(comment, author));
    }
    return views;
  }

  @Transactional({ readOnly: true })
  private async onReplica(ids: readonly Id[]): Promise<Map<Id, StoredComment>> {
    return byId(await this.repository.byIds(ids));
  }

  @Transactional({ readOnly: true, fresh: true })
  private async onPrimary(ids: readonly Id[]): Promise<Map<Id, StoredComment>> {
    return byId(await this.repository.byIds(ids));
  }

  @Transactional({ readOnly: true })
  private idsAfter(postId: Id, afterId: Id, count: number): Promise<Id[]> {
    return this.repository.idsOfPostAfter(postId, afterId, count);
  }

  @Transactional({ readOnly: true })
  private postOnReplica(postId: Id): Promise<boolean> {
    return this.repository.postExists(postId);
  }

  @Transactional({ readOnly: true, fresh: true })
  private postOnPrimary(postId: Id): Promise<boolean> {
    return this.repository.postExists(postId);
  }
}

const byId = (comments: StoredComment[]): Map<Id, StoredComment> =>
  new Map(comments.map((comment) => [comment.id, comment]));

/** Pure: a stored comment as clients see it. */
function present(comment: StoredComment, author: UserSummary): CommentResponse {
  return {
    id: comment.id,
    postId: comment.postId,
    parentId: comment.parentId,
    author,
    content: comment.content,
    createdAt: comment.createdAt.toISOString(),
    editedAt: comment.editedAt?.toISOString() ?? null,
  };
}
