import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import type { IdempotentRequest } from '../../infrastructure/idempotency/idempotency-key.decorator.js';
import { IdempotentWrites } from '../../infrastructure/idempotency/idempotent-writes.js';
import { PostCountsWriter } from '../post-counts/post-counts.writer.js';
import { AccountsWriter } from '../users/accounts.writer.js';
import { commentedPostNotFound, commentNotFound, notYourComment, parentNotFound } from './comments.errors.js';
import { CommentsRepository } from './comments.repository.js';
import { CommentsViews } from './comments.views.js';
import type { CreateCommentRequest } from './dto/comment.requests.js';
import type { CommentResponse } from './dto/comment.response.js';

/** Writes of comments. */
@Injectable()
export class CommentsService {
  constructor(
    private readonly repository: CommentsRepository,
    private readonly views: CommentsViews,
    private readonly accounts: AccountsWriter,
    private readonly counts: PostCountsWriter,
    private readonly idempotent: IdempotentWrites,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `POST_NOT_FOUND`, `COMMENT_NOT_FOUND` (the parent), `IDEMPOTENCY_KEY_REUSED` */
  create(
    postId: Id,
    authorId: Id,
    request: CreateCommentRequest,
    idempotency?: IdempotentRequest,
  ): Promise<CommentResponse> {
    return this.idempotent.run(authorId, idempotency, () => this.insert(postId, authorId, request));
  }

  /** @throws AppError `COMMENT_NOT_FOUND`, `FORBIDDEN` */
  @Transactional()
  async edit(id: Id, userId: Id, content: string): Promise<CommentResponse> {
    const comment = await this.repository.lock(id);
    if (!comment || !(await this.repository.lockPost(comment.postId))) throw commentNotFound();
    if (comment.authorId !== userId) throw notYourComment();
    await this.repository.updateContent(id, content, this.clock.now());
    return this.views.one(id);
  }

  /** By its author, or by the author of the post it stands under. @throws AppError `COMMENT_NOT_FOUND`, `FORBIDDEN` */
  @Transactional()
  async delete(id: Id, userId: Id): Promise<void> {
    const comment = await this.repository.lock(id);
    const post = comment && (await this.repository.lockPost(comment.postId));
    if (!post) throw commentNotFound();
    if (comment.authorId !== userId && post.authorId !== userId) throw notYourComment();
    await this.repository.delete(id);
    await this.counts.record([{ postId: comment.postId, likes: 0, comments: -1 }]);
  }

  private async insert(postId: Id, authorId: Id, request: CreateCommentRequest): Promise<CommentResponse> {
    await this.accounts.requireActive(authorId);
    if (!(await this.repository.lockPost(postId))) throw commentedPostNotFound();
    const parentId = request.parentId ?? null;
    if (parentId !== null && (await this.repository.lock(parentId))?.postId !== postId) throw parentNotFound();
    const { content } = request;
    const id = await this.repository.insert({ postId, parentId, authorId, content, createdAt: this.clock.now() });
    await this.counts.record([{ postId, likes: 0, comments: 1 }]);
    return this.views.one(id);
  }
}
