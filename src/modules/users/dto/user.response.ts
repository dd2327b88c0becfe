import { ApiProperty } from '@nestjs/swagger';
import type { Id } from '../../../common/id.js';

export class UserSummaryResponse {
  @ApiProperty({ type: 'string', example: '1' })
  id: Id;

  @ApiProperty({ example: 'ann' })
  username: string;

  @ApiProperty({ example: 'Ann Lee' })
  displayName: string;

  @ApiProperty({ type: 'string', format: 'uri', nullable: true, example: null })
  avatarUrl: string | null;
}

export class UserResponse extends UserSummaryResponse {
  @ApiProperty({ example: 'Likes trains.' })
  bio: string;

  @ApiProperty({ type: 'integer', minimum: 0, example: 7 })
  postCount: number;

  @ApiProperty({ type: 'integer', minimum: 0, example: 120 })
  followerCount: number;

  @ApiProperty({ type: 'integer', minimum: 0, example: 80 })
  followingCount: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T14:18:32.733Z' })
  createdAt: string;

  @ApiProperty({ description: 'Whether the caller follows this user.' })
  followedByMe: boolean;
}

/** Only the user themself sees the address. */
export class OwnUserResponse extends UserResponse {
  @ApiProperty({ format: 'email', example: 'ann@example.com' })
  email: string;
}
