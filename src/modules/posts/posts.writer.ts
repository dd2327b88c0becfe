import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { PostsStore } from './posts.store.js';

/** The door for whoever takes a deleted post from where it can be read. */
@Injectable()
export class PostsWriter {
  constructor(private readonly store: PostsStore) {}

  /**
   * Makes the cache forget a deleted post, should the one who deleted it not have reached Redis.
   *
   * @throws RedisUnavailableError
   */
  bury(id: Id): Promise<void> {
    return this.store.bury([id], 'background');
  }
}
