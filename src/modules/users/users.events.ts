import type { Id } from '../../common/id.js';

/** An account was deleted: what it leaves behind is removed. */
export const USER_DELETED = 'user.deleted';

export interface UserDeletedEvent {
  userId: Id;
}
