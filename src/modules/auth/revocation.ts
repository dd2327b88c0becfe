import type { Id } from '../../common/id.js';

/** Access tokens that must die before they expire. */
export interface Revocation {
  userId: Id;
  /** One session, as hexadecimal digits; `null` for all of the account. */
  sessionId: string | null;
  createdAt: Date;
}
