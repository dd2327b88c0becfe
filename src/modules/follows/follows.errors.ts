import { AppError } from '../../common/app-error.js';

export const cannotFollowSelf = (): AppError => new AppError('CANNOT_FOLLOW_SELF', 422, 'Nobody can follow themself.');
/** The same code as the users module's: for a client it is the same fact. */
export const followeeNotFound = (): AppError => new AppError('USER_NOT_FOUND', 404, 'There is no such user.');
