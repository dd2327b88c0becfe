import { AppError } from '../../common/app-error.js';

export const unauthenticated = (): AppError =>
  new AppError('UNAUTHENTICATED', 'A valid access token is needed: Authorization: Bearer <token>.');
/** One answer for an unknown user and a wrong password, so that nobody learns who has an account. */
export const invalidCredentials = (): AppError =>
  new AppError('INVALID_CREDENTIALS', 'The login or the password is wrong.');
export const refreshTokenInvalid = (): AppError =>
  new AppError('UNAUTHENTICATED', 'The refresh token is not valid, or its session has ended.');
export const tokenReused = (): AppError =>
  new AppError('TOKEN_REUSED', 'The refresh token was used before. The session has been ended for safety.');
