import { AppError, validationFailed } from '../../common/app-error.js';

export const postNotFound = (): AppError => new AppError('POST_NOT_FOUND', 'There is no such post.');
export const notYourPost = (): AppError => new AppError('FORBIDDEN', 'The post belongs to somebody else.');
/** A post without media needs a text. */
export const contentMissing = (): AppError =>
  validationFailed([{ field: 'content', message: 'must not be blank unless the post has media' }]);
