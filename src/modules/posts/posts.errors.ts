import { AppError } from '../../common/app-error.js';

export const postNotFound = (): AppError => new AppError('POST_NOT_FOUND', 'There is no such post.');
export const notYourPost = (): AppError => new AppError('FORBIDDEN', 'The post belongs to somebody else.');
