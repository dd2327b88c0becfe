import { MAX_LINE_LENGTH } from './lines.js';

/** What a line of a graph file says; nodes are the file's own numbers, not our ids. */
export type GraphLine =
  { kind: 'follow'; follower: number; followee: number } | { kind: 'nothing' } | { kind: 'bad'; reason: string };

const NOTHING: GraphLine = { kind: 'nothing' };
const bad = (reason: string): GraphLine => ({ kind: 'bad', reason });

/** Reads `follower<TAB>followee`; an empty line and a `#` comment say nothing. */
export function parseLine(text: string): GraphLine {
  if (text.startsWith('#') || text.trim() === '') return NOTHING;
  if (text.length > MAX_LINE_LENGTH) return bad(`longer than ${MAX_LINE_LENGTH} characters`);
  const match = /^([1-9][0-9]{0,15})\t([1-9][0-9]{0,15})$/.exec(text);
  if (!match) return bad('not two positive whole numbers with a tab between them');
  const follower = Number(match[1]);
  const followee = Number(match[2]);
  if (!Number.isSafeInteger(follower) || !Number.isSafeInteger(followee)) return bad('a number above 2^53 - 1');
  if (follower === followee) return bad('somebody who follows themself');
  return { kind: 'follow', follower, followee };
}
