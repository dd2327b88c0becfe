import { ApiProperty } from '@nestjs/swagger';

export class LikeResponse {
  @ApiProperty({ description: 'Whether the caller likes the post now.' })
  liked: boolean;

  @ApiProperty({ type: 'integer', minimum: 0, example: 12 })
  likeCount: number;
}
