import { Controller, Get, Header, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Id } from '../../common/id.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import type { Page } from '../../infrastructure/http/page.js';
import { PageQuery } from '../../infrastructure/http/page.query.js';
import { Documented } from '../../infrastructure/openapi/documented.decorator.js';
import { FeedsService } from './feeds.service.js';
import { FeedItem } from './dto/feed.response.js';
import { ReadingRecorder } from './reading-recorder.js';

@Controller('v1/feed')
export class FeedsController {
  constructor(
    private readonly feeds: FeedsService,
    private readonly recorder: ReadingRecorder,
  ) {}

  @Get()
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: 'Feed',
    summary: 'Your home feed, newest first',
    description:
      'Your posts and those of whom you follow. `viewed` tells what was in an earlier answer. The walk along ' +
      '`nextCursor` shows every post once, and cursors stay valid for ever. While the store of feeds does not answer, ' +
      'the page comes from the database, says so in `X-Degraded`, and calls every post new.',
    page: FeedItem,
    degrades: true,
  })
  async page(
    @CurrentUserId() readerId: Id,
    @Query() query: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<FeedItem>> {
    const { page, reading, degraded } = await this.feeds.page(readerId, query.limit, query.cursor);
    if (degraded) reply.header('X-Degraded', 'feed-from-database');
    // "Shown" begins when the answer has left; a client that hung up before has seen nothing.
    reply.raw.once('finish', () => this.recorder.record(reading));
    return page;
  }
}
