import { AppError } from '../../common/app-error.js';

export const postNotFound = (): AppError => new AppError('POST_NOT_FOUND', 404, 'There is no such post.');
/** The token is still valid, its user is not. */
export const authorNotFound = (): AppError =>
  new AppError('UNAUTHENTICATED', 401, 'The account does not exist any more.');
