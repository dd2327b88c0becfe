import { ApiProperty } from '@nestjs/swagger';
import { OwnUserResponse } from '../../users/users.views.js';

export class TokenPairResponse {
  @ApiProperty({ description: 'For `Authorization: Bearer …`.' })
  accessToken: string;

  @ApiProperty({ description: 'Good for one use at POST /v1/auth/refresh.' })
  refreshToken: string;

  @ApiProperty({ type: 'integer', description: 'Life of the access token in seconds.', example: 900 })
  expiresIn: number;
}

export class SessionResponse extends TokenPairResponse {
  @ApiProperty({ type: OwnUserResponse })
  user: OwnUserResponse;
}
