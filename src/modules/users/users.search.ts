import { Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, invalidCursor } from '../../common/cursor.js';
import { inOrder } from '../../common/fill-page.js';
import { isId, type Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import type { Page } from '../../infrastructure/http/page.js';
import { UsersSearchRepository, type DisplayNameMatch, type UsernameMatch } from './users.search.repository.js';
import { UsersViews, type UserResponse } from './users.views.js';

const LIST = 'user-search';

/** First those whose username matches, then those whose display name does. */
type Position = { by: 'username'; after: string } | { by: 'name'; after: DisplayNameMatch };
type Match = UsernameMatch | DisplayNameMatch;

const START: Position = { by: 'username', after: '' };
const NAMES_START: Position = { by: 'name', after: { displayName: '', id: '0' } };

/** Search for users by the beginning of username or display name. */
@Injectable()
export class UsersSearch {
  constructor(
    private readonly repository: UsersSearchRepository,
    private readonly views: UsersViews,
  ) {}

  /** @throws AppError `INVALID_CURSOR` */
  async page(query: string, readerId: Id, limit: number, cursor?: string): Promise<Page<UserResponse>> {
    const start = cursor === undefined ? START : decodePosition(cursor);
    const matches = await this.matches(query, start, limit + 1);
    const shown = matches.slice(0, limit);
    const ids = shown.map((match) => match.id);
    const last = shown.at(-1);
    return {
      items: inOrder(ids, await this.views.many(ids, readerId)),
      nextCursor: matches.length > limit && last ? encodePosition(last) : null,
    };
  }

  @Transactional({ readOnly: true })
  private async matches(query: string, start: Position, wanted: number): Promise<Match[]> {
    const matches: Match[] = [];
    // No other query begins a username.
    const username = /^[a-z0-9_.]+$/i.test(query) ? query.toLowerCase() : '';
    if (start.by === 'username' && username !== '') {
      matches.push(...(await this.repository.byUsername(username, start.after, wanted)));
    }
    const missing = wanted - matches.length;
    if (missing === 0) return matches;
    const names = start.by === 'name' ? start : NAMES_START;
    const { displayName, id } = names.after as DisplayNameMatch;
    return [...matches, ...(await this.repository.byDisplayName(query, username, { displayName, id }, missing))];
  }
}

function encodePosition(match: Match): string {
  if ('username' in match) return encodeCursor(LIST, 'username', match.username, '0');
  return encodeCursor(LIST, 'name', Buffer.from(match.displayName).toString('base64url'), match.id);
}

function decodePosition(cursor: string): Position {
  const [by, after, id] = decodeCursor(LIST, 3, cursor) as [string, string, string];
  if (by === 'username' && id === '0' && /^[a-z0-9_.]{1,30}$/.test(after)) return { by, after };
  if (by !== 'name' || !isId(id)) throw invalidCursor();
  return { by, after: { displayName: Buffer.from(after, 'base64url').toString('utf8'), id } };
}
