import type { ExpectedPost } from './feed-expectation.js';
import type { Id } from './feed-oracle.js';

/** Pages of a feed as a client got them. */
export interface Walk {
  pages: { items: { id: Id; viewed: boolean }[]; hasNext: boolean }[];
  limit: number;
  /** The post above the first page, when the walk began in the middle of a feed. */
  belowId?: Id;
  /** Where it began: at the top, or at a cursor that certainly lies in the head, or at one of which that is not known. */
  start: 'top' | 'head' | 'unknown';
  /** Nobody else was doing anything. */
  isQuiet: boolean;
  /** The API could not reach the feed and said so: it knows of no views, and shows what the feed has left behind. */
  isDegraded: boolean;
  /** Posts that exist, as far as anybody has been told; others may just be on their way. */
  isKnown: (id: Id) => boolean;
}

/** How a walk differs from what the contract says; empty if it does not. */
export function checkWalk(walk: Walk, expected: readonly ExpectedPost[]): string[] {
  const items = walk.pages.flatMap((page) => page.items);
  const below = walk.belowId ?? Infinity;
  const last = items.at(-1)?.id ?? below;
  const isWhole = walk.pages.at(-1)?.hasNext === false;
  const inRange = expected.filter(({ id }) => id < below && (isWhole || id >= last));
  return [
    ...checkOrder(items, below),
    ...checkPages(walk),
    ...(walk.isQuiet && walk.isDegraded ? ['degraded, though nothing is the matter'] : []),
    ...checkMembers(items, expected, walk),
    ...checkCompleteness(items, inRange, expected),
    ...(walk.isDegraded ? [] : checkMarks(items, expected, walk)),
  ];
}

function checkOrder(items: readonly { id: Id }[], below: Id): string[] {
  return items.flatMap(({ id }, index) => {
    const before = items[index - 1]?.id ?? below;
    if (id === before) return [`twice: ${id}`];
    return id > before ? [`out of order: ${id} after ${before}`] : [];
  });
}

/** A page is full while more exist. */
function checkPages({ pages, limit, isQuiet }: Walk): string[] {
  return pages.flatMap(({ items, hasNext }, index) => {
    if (items.length > limit) return [`page ${index} has ${items.length} of ${limit} items`];
    if (hasNext && items.length < limit) return [`short page ${index}: ${items.length} of ${limit} items`];
    return isQuiet && index > 0 && items.length === 0 ? [`empty page ${index}`] : [];
  });
}

/** Only what the reader may see; and nothing whose life is over, while younger or older entries are live. */
function checkMembers(
  items: readonly { id: Id }[],
  expected: readonly ExpectedPost[],
  { start, isQuiet, isDegraded, isKnown }: Walk,
): string[] {
  const byId = new Map(expected.map((post) => [post.id, post]));
  const lowestInHead = expected.findLast(isInHead)?.id ?? Infinity;
  return items.flatMap(({ id }) => {
    const post = byId.get(id);
    if (!post) return isQuiet || isKnown(id) ? [`not to be seen: ${id}`] : [];
    return post.live === 'no' && start !== 'unknown' && !isDegraded && id > lowestInHead
      ? [`risen from the dead: ${id}, while ${lowestInHead} is live`]
      : [];
  });
}

/** Live posts are there; and so is everything below the last live one. */
function checkCompleteness(
  items: readonly { id: Id }[],
  inRange: readonly ExpectedPost[],
  expected: readonly ExpectedPost[],
): string[] {
  const shown = new Set(items.map(({ id }) => id));
  const lowestPerhapsLive = expected.findLast(({ live }) => live !== 'no')?.id ?? Infinity;
  return inRange
    .filter(({ id, live, isSettled }) => isSettled && (live === 'yes' || id < lowestPerhapsLive))
    .filter(({ id }) => !shown.has(id))
    .map(({ id, live }) => `missing: ${id}${live === 'yes' ? '' : ', of the tail'}`);
}

/**
 * In the head `viewed` tells the truth; the tail is viewed throughout, and no head comes after it. A cursor of the tail stays one,
 * also when somebody is followed since whose posts below it are in the head by now.
 */
function checkMarks(
  items: readonly { id: Id; viewed: boolean }[],
  expected: readonly ExpectedPost[],
  { start }: Walk,
): string[] {
  const byId = new Map(expected.map((post) => [post.id, post]));
  let tailFrom: Id | undefined;
  return items.flatMap(({ id, viewed }) => {
    const post = byId.get(id);
    if (!post) return [];
    if (post.live === 'no') tailFrom ??= id;
    if (tailFrom !== undefined) return viewed ? [] : [`not viewed, but in the tail, which began at ${tailFrom}: ${id}`];
    const mayBeTail = start === 'unknown' && viewed;
    if (mayBeTail || !isInHead(post) || post.viewed === undefined || post.viewed === viewed) return [];
    return [viewed ? `viewed, but never shown: ${id}` : `shown before, but not viewed: ${id}`];
  });
}

const isInHead = ({ live, isSettled, isAboveFloor }: ExpectedPost): boolean =>
  live === 'yes' && isSettled && isAboveFloor;
