import { AppError, validationFailed } from '../../common/app-error.js';

/** Why a file cannot be attached, as it is shown, by the word that metrics count it under. */
const REASONS = {
  not_uploaded: 'nothing was uploaded under this key, or it was too long ago',
  foreign: 'it belongs to somebody else',
  repeated: 'it is named more than once',
  used: 'it was attached before',
  wrong_size: 'it has another size than was said when the upload was asked for',
  wrong_type: 'its content is not of the type that was said when the upload was asked for',
  not_an_image: 'an image is needed here',
  bad_parts: 'the parts are not those that were uploaded',
} as const;

export type Refusal = keyof typeof REASONS;

/** An uploaded file that can't be taken, and why. */
export interface RefusedMedium {
  key: string;
  refusal: Refusal;
}

/**
 * `MEDIA_NOT_UPLOADED` or `MEDIA_REJECTED`, whichever the first of them is.
 *
 * @param fieldOf how the request names a key, such as `mediaKeys[2]`
 */
export function mediaRefused(refused: readonly RefusedMedium[], fieldOf: (key: string) => string): AppError {
  const { key, refusal } = refused[0]!;
  const code = refusal === 'not_uploaded' ? 'MEDIA_NOT_UPLOADED' : 'MEDIA_REJECTED';
  const errors = refused.map((one) => ({ field: fieldOf(one.key), message: REASONS[one.refusal] }));
  return new AppError(code, `${key} cannot be attached: ${REASONS[refusal]}.`, { errors });
}

/** @param field such as `files[0].contentType` */
export const fileNotAllowed = (field: string, message: string): AppError => validationFailed([{ field, message }]);

/** Attaching took so long that its copies may be gone. */
export const attachedTooLate = (): Error => new Error('a copy was made too long ago to be attached');

export const tooManyUploads = (retryAfterMs: number): AppError =>
  new AppError('RATE_LIMITED', 'Too many uploads were asked for. Try again later.', {
    retryAfterSeconds: Math.ceil(retryAfterMs / 1_000),
  });
