import type { OwnUserResponse } from '../../users/users.views.js';

export interface TokenPairResponse {
  accessToken: string;
  refreshToken: string;
  /** Life of the access token in seconds. */
  expiresIn: number;
}

export interface SessionResponse extends TokenPairResponse {
  user: OwnUserResponse;
}
