import { ApiProperty } from '@nestjs/swagger';
import type { Id } from '../../../common/id.js';
import { UserSummaryResponse } from '../../users/users.views.js';

export class PostMediaResponse {
  @ApiProperty({ format: 'uri' })
  url: string;

  @ApiProperty({ example: 'image/jpeg' })
  contentType: string;
}

export class PostResponse {
  @ApiProperty({ type: 'string', example: '7' })
  id: Id;

  @ApiProperty({ type: UserSummaryResponse })
  author: UserSummaryResponse;

  @ApiProperty({ example: 'Hello, world! 🌍' })
  content: string;

  @ApiProperty({ type: [PostMediaResponse] })
  media: PostMediaResponse[];

  @ApiProperty({ type: 'integer', minimum: 0, example: 12 })
  likeCount: number;

  @ApiProperty({ type: 'integer', minimum: 0, example: 3 })
  commentCount: number;

  @ApiProperty()
  likedByMe: boolean;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T14:18:33.218Z' })
  createdAt: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  editedAt: string | null;
}
