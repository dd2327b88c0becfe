import { AppError } from '../../common/app-error.js';

export const cannotFollowSelf = (): AppError => new AppError('CANNOT_FOLLOW_SELF', 'Nobody can follow themself.');
/** The same code as the users module's: for a client it is the same fact. */
export const followeeNotFound = (): AppError => new AppError('USER_NOT_FOUND', 'There is no such user.');
/** The access token is still valid, its account is not. */
export const followerGone = (): AppError => new AppError('UNAUTHENTICATED', 'The account does not exist any more.');
