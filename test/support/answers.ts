import type { Answer, Member } from './api-client.js';
import type { Page, UserSummary } from './contract.js';

export interface Comment {
  id: string;
  postId: string;
  parentId: string | null;
  author: UserSummary;
  content: string;
  createdAt: string;
  editedAt: string | null;
}

export interface LikeState {
  liked: boolean;
  likeCount: number;
}

/** An id that the database could hold and that nobody has. */
export const UNKNOWN_ID = '9223372036854775807';
/** One more than the highest id. */
export const BEYOND_BIGINT = '9223372036854775808';

/** Status and code in one, such as `404 POST_NOT_FOUND`, or the status alone of an answer that is no problem. */
export function outcome({ status, body }: Answer<unknown>): string {
  const code = typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : undefined;
  return code === undefined ? String(status) : `${status} ${code}`;
}

/** Statuses of many answers, with how often each came. */
export function tally(answers: readonly Answer<unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[outcome(answer)] = (counts[outcome(answer)] ?? 0) + 1;
  return counts;
}

/** Pages of a walk before it is taken for endless. */
const MAX_PAGES = 500;

/** Walks a list from its beginning to its end. @param path with whatever query it needs besides limit and cursor */
export async function walkPages<T>(member: Member, path: string, limit: number): Promise<Page<T>[]> {
  const pages: Page<T>[] = [];
  const separator = path.includes('?') ? '&' : '?';
  let cursor: string | null = null;
  do {
    const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<T> = await member.get(`${path}${separator}limit=${limit}${at}`);
    pages.push(page);
    if (pages.length > MAX_PAGES) throw new Error('the walk does not end');
    cursor = page.nextCursor;
  } while (cursor !== null);
  return pages;
}
