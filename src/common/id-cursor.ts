import { decodeCursor, encodeCursor, invalidCursor } from './cursor.js';
import { type Id, isId } from './id.js';

/** Cursors of a list that is ordered by one id: where the last page ended. */
export class IdCursor {
  /** @param list name of the list, see {@link encodeCursor} */
  constructor(private readonly list: string) {}

  encode(id: Id): string {
    return encodeCursor(this.list, id);
  }

  /** @throws AppError `INVALID_CURSOR` */
  decode(cursor: string): Id {
    const [id] = decodeCursor(this.list, 1, cursor);
    if (!isId(id)) throw invalidCursor();
    return id;
  }

  /** @returns the id, or `undefined` for the first page */
  decodeOptional(cursor: string | undefined): Id | undefined {
    return cursor === undefined ? undefined : this.decode(cursor);
  }
}
