import { AppError } from '../../common/app-error.js';

/** The same code as the posts module's: for a client it is the same fact. */
export const likedPostNotFound = (): AppError => new AppError('POST_NOT_FOUND', 'There is no such post.');
