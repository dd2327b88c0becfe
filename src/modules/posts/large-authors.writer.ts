import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { LargeAuthorsRepository } from './large-authors.repository.js';

/** An author stays large until this share of the threshold, so that one at the edge does not go to and fro. */
const STAYS_LARGE = 0.9;

/** The door to who is a large author, for whoever delivers posts. */
@Injectable()
export class LargeAuthorsWriter {
  constructor(
    private readonly repository: LargeAuthorsRepository,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** Looks at an author's size and decides how their next posts are delivered; those that are there stay as they are. */
  async judge(authorId: Id): Promise<void> {
    // Mostly nothing changes, and a read takes a third of the round trips.
    const { isRight } = await this.verdictNow(authorId);
    if (!isRight) await this.change(authorId);
  }

  @Transactional({ readOnly: true, fresh: true })
  private verdictNow(authorId: Id): Promise<{ large: boolean; isRight: boolean }> {
    return this.verdict(authorId);
  }

  @Transactional()
  private async change(authorId: Id): Promise<void> {
    const { large, isRight } = await this.verdict(authorId);
    if (!isRight) await this.repository.setPulls(authorId, large, this.clock.now());
  }

  private async verdict(authorId: Id): Promise<{ large: boolean; isRight: boolean }> {
    const { followers, pulls } = await this.repository.stateOf(authorId);
    const threshold = this.config.feed.largeAuthorFollowers;
    const large = followers >= (pulls ? threshold * STAYS_LARGE : threshold);
    return { large, isRight: large === pulls };
  }
}
