import { AppError } from '../../common/app-error.js';

export const commentNotFound = (): AppError => new AppError('COMMENT_NOT_FOUND', 'There is no such comment.');
export const parentNotFound = (): AppError =>
  new AppError('COMMENT_NOT_FOUND', 'The comment to answer does not exist under this post.');
export const notYourComment = (): AppError => new AppError('FORBIDDEN', 'The comment belongs to somebody else.');
/** The same code as the posts module's: for a client it is the same fact. */
export const commentedPostNotFound = (): AppError => new AppError('POST_NOT_FOUND', 'There is no such post.');
