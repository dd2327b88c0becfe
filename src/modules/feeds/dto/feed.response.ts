import { ApiProperty } from '@nestjs/swagger';
import { PostResponse } from '../../posts/posts.views.js';

/** One item of a feed. */
export class FeedItem {
  @ApiProperty({ type: PostResponse })
  post: PostResponse;

  @ApiProperty({ description: 'Whether it was in an answer that ended at least a second before this request.' })
  viewed: boolean;
}
