import { decodeCursor, encodeCursor, invalidCursor } from '../../common/cursor.js';
import { type Id, isId } from '../../common/id.js';

const LIST = 'feed';

/**
 * Where a walk through a feed is: in the head (Redis) or in the tail (MySQL), below a post. It never goes back from
 * the tail to the head, and stays valid for ever: it names a post id, not a place in a structure that changes.
 */
export interface FeedPosition {
  part: 'head' | 'tail';
  belowId: Id;
}

export const encodePosition = ({ part, belowId }: FeedPosition): string => encodeCursor(LIST, part, belowId);

/** @throws AppError `INVALID_CURSOR` */
export function decodePosition(cursor: string): FeedPosition {
  const [part, belowId] = decodeCursor(LIST, 2, cursor);
  if ((part !== 'head' && part !== 'tail') || !isId(belowId)) throw invalidCursor();
  return { part, belowId };
}
