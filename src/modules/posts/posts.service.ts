import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import type { IdempotentRequest } from '../../infrastructure/idempotency/idempotency-key.decorator.js';
import { IdempotentWrites } from '../../infrastructure/idempotency/idempotent-writes.js';
import type { FirstLane } from '../../infrastructure/outbox/outbox-lanes.js';
import { Outbox } from '../../infrastructure/outbox/outbox.js';
import { MediaWriter } from '../media/media.writer.js';
import { PostCountsWriter } from '../post-counts/post-counts.writer.js';
import { AccountsWriter } from '../users/accounts.writer.js';
import type { CreatePostRequest } from './dto/post.requests.js';
import { PostsCache } from './posts.cache.js';
import { contentMissing, notYourPost, postNotFound } from './posts.errors.js';
import {
  POST_CREATED,
  POST_DELETED,
  POST_EDITED,
  POST_PURGE,
  type PostCreatedEvent,
  type PostDeletedEvent,
  type PostEditedEvent,
} from './posts.events.js';
import { PostsRepository, type StoredPost } from './posts.repository.js';
import { PostsViews, type PostResponse } from './posts.views.js';

/** Writes of posts. */
@Injectable()
export class PostsService {
  constructor(
    private readonly repository: PostsRepository,
    private readonly views: PostsViews,
    private readonly cache: PostsCache,
    private readonly accounts: AccountsWriter,
    private readonly counts: PostCountsWriter,
    private readonly media: MediaWriter,
    private readonly outbox: Outbox,
    private readonly idempotent: IdempotentWrites,
    private readonly clock: Clock,
  ) {}

  /**
   * Publishes a post. The post and its delivery are committed together; the delivery itself runs in a worker.
   *
   * @throws AppError `UNAUTHENTICATED` when the account is gone, `IDEMPOTENCY_KEY_REUSED`, `MEDIA_NOT_UPLOADED`,
   *   `MEDIA_REJECTED`, and with media only `STORAGE_UNAVAILABLE`
   */
  async create(
    authorId: Id,
    { content, mediaKeys = [] }: CreatePostRequest,
    idempotency?: IdempotentRequest,
  ): Promise<PostResponse> {
    if (content.trim() === '' && mediaKeys.length === 0) throw contentMissing();
    // Before the transaction, which must not wait for the store; a repeated request finds that it was for nothing.
    const prepared = await this.media.prepare(authorId, {
      keys: mediaKeys,
      fieldOf: (key) => `mediaKeys[${mediaKeys.indexOf(key)}]`,
    });
    return this.idempotent.run(authorId, idempotency, async () => {
      const author = await this.accounts.requireAuthor(authorId);
      const media = await this.media.attach(prepared);
      const createdAt = this.clock.now();
      const postId = await this.repository.insert({ authorId, content, createdAt });
      if (media.length > 0) await this.repository.insertMedia(postId, media);
      await this.repository.changePostCount(authorId, 1);
      const event: PostCreatedEvent = { postId, authorId, createdAtMs: createdAt.getTime() };
      await this.outbox.append(POST_CREATED, event);
      const post: StoredPost = { id: postId, authorId, content, createdAt, editedAt: null, version: 1, media };
      this.cache.keepAfterCommit(post);
      this.counts.begin(postId);
      return this.views.fresh(post, author);
    });
  }

  /** @throws AppError `POST_NOT_FOUND`, `FORBIDDEN`, `VALIDATION_FAILED` for no text where there are no media */
  @Transactional()
  async edit(id: Id, userId: Id, content: string): Promise<PostResponse> {
    const post = await this.lockOwn(id, userId);
    if (content.trim() === '' && post.media.length === 0) throw contentMissing();
    const editedAt = this.clock.now();
    await this.repository.updateContent(id, content, editedAt);
    const event: PostEditedEvent = { postId: id };
    await this.outbox.append(POST_EDITED, event);
    this.cache.keepAfterCommit({ ...post, content, editedAt, version: post.version + 1 });
    return this.views.one(id, userId);
  }

  /**
   * Deletes a post: gone for everybody at once; what hangs on it is cleared away in the background.
   *
   * @throws AppError `POST_NOT_FOUND`, `FORBIDDEN`
   */
  @Transactional({ everywhere: true })
  async delete(id: Id, userId: Id): Promise<void> {
    await this.remove(await this.lockOwn(id, userId), 'live');
  }

  /** Deletes the newest posts of an account that is gone. @returns how many; none means that all are */
  @Transactional()
  async deleteSomeOfAuthor(authorId: Id, belowId: Id, limit: number): Promise<number> {
    const ids = await this.repository.idsOfAuthorBelow(authorId, belowId, limit);
    for (const id of ids) {
      const post = await this.repository.lock(id);
      if (post) await this.remove(post, 'bulk');
    }
    return ids.length;
  }

  /** @param lane of the removal from feeds: nobody waits for that of thousands of posts */
  private async remove(post: StoredPost, lane: FirstLane): Promise<void> {
    await this.repository.markDeleted(post.id, this.clock.now());
    await this.repository.changePostCount(post.authorId, -1);
    const event: PostDeletedEvent = { postId: post.id, authorId: post.authorId };
    await this.outbox.append(POST_DELETED, event, lane);
    await this.outbox.append(POST_PURGE, event, 'bulk');
    this.cache.forgetAfterCommit(post.id);
  }

  private async lockOwn(id: Id, userId: Id): Promise<StoredPost> {
    const post = await this.repository.lock(id);
    if (!post) throw postNotFound();
    if (post.authorId !== userId) throw notYourPost();
    return post;
  }
}
