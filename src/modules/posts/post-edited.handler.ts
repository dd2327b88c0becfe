import { Injectable } from '@nestjs/common';
import { HandlesOutbox, type OutboxHandler } from '../../infrastructure/outbox/outbox-handler.decorator.js';
import { POST_EDITED, type PostEditedEvent } from './posts.events.js';
import { PostsReader } from './posts.reader.js';
import { PostsStore } from './posts.store.js';

/** Caches an edited post again, should the one who edited it not have reached Redis. */
@Injectable()
@HandlesOutbox(POST_EDITED)
export class PostEditedHandler implements OutboxHandler<PostEditedEvent> {
  constructor(
    private readonly reader: PostsReader,
    private readonly store: PostsStore,
  ) {}

  async handle({ postId }: PostEditedEvent): Promise<void> {
    const post = (await this.reader.byIdsNow([postId])).get(postId);
    if (post) await this.store.write(post, 'background');
  }
}
