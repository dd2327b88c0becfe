import { AppError } from '../../common/app-error.js';

export const userNotFound = (): AppError => new AppError('USER_NOT_FOUND', 'There is no such user.');
export const usernameTaken = (): AppError => new AppError('USERNAME_TAKEN', 'The username belongs to somebody else.');
export const emailTaken = (): AppError => new AppError('EMAIL_TAKEN', 'The e-mail address already has an account.');
/** The access token is still valid, its account is not. */
export const accountGone = (): AppError => new AppError('UNAUTHENTICATED', 'The account does not exist any more.');
