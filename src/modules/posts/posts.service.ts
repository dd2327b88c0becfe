import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { Outbox } from '../../infrastructure/outbox/outbox.js';
import { authorNotFound } from './posts.errors.js';
import { POST_CREATED, type PostCreatedEvent } from './posts.events.js';
import { PostsRepository } from './posts.repository.js';

/** Writes of posts. */
@Injectable()
export class PostsService {
  constructor(
    private readonly repository: PostsRepository,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /**
   * Publishes a post. The post and its delivery are committed together; the delivery itself runs in a worker.
   *
   * @returns the id of the post
   * @throws AppError `UNAUTHENTICATED` when the author's account is gone
   */
  @Transactional()
  async create(authorId: Id, content: string): Promise<Id> {
    if (!(await this.repository.lockAuthor(authorId))) throw authorNotFound();
    const createdAt = this.clock.now();
    const postId = await this.repository.insert({ authorId, content, createdAt });
    await this.repository.increasePostCount(authorId);
    const event: PostCreatedEvent = { postId, authorId, createdAtMs: createdAt.getTime() };
    await this.outbox.append(POST_CREATED, event);
    return postId;
  }
}
