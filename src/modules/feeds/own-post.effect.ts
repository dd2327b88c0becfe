import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { AppliesInline, type InlineEffect } from '../../infrastructure/outbox/inline-effects.js';
import { POST_CREATED, type PostCreatedEvent } from '../posts/posts.events.js';
import { newEntry } from './feed-entry.js';
import { FeedStore } from './feed.store.js';

/** An author finds a new post in their own feed at once; everybody else gets it from the fan-out. */
@Injectable()
@AppliesInline(POST_CREATED)
export class OwnPostEffect implements InlineEffect<PostCreatedEvent> {
  constructor(
    private readonly store: FeedStore,
    private readonly config: AppConfig,
  ) {}

  async apply(event: PostCreatedEvent): Promise<void> {
    const entry = newEntry(event.postId, event.createdAtMs, this.config.feed.unviewedTtlMs);
    await this.store.push(entry, [event.authorId], 'request');
  }
}
