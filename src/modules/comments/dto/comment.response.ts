import { ApiProperty } from '@nestjs/swagger';
import type { Id } from '../../../common/id.js';
import { UserSummaryResponse } from '../../users/users.views.js';

export class CommentResponse {
  @ApiProperty({ type: 'string', example: '42' })
  id: Id;

  @ApiProperty({ type: 'string', example: '7' })
  postId: Id;

  @ApiProperty({
    type: 'string',
    nullable: true,
    example: null,
    description: 'May name a comment that was deleted since.',
  })
  parentId: Id | null;

  @ApiProperty({ type: UserSummaryResponse })
  author: UserSummaryResponse;

  @ApiProperty({ example: 'Well said!' })
  content: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T14:18:33.218Z' })
  createdAt: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: null })
  editedAt: string | null;
}
