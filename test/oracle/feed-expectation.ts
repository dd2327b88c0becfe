import type { FeedOracle, FeedSettings, Id, PostFact, Showing } from './feed-oracle.js';

type Certainty = 'yes' | 'no' | 'maybe';

/** What is known about one post that a reader may be shown. */
export interface ExpectedPost {
  id: Id;
  /** Whether its entry is live at the time of the walk. */
  live: Certainty;
  /** Whether it is there for sure: delivered, and its deletion not under way. */
  isSettled: boolean;
  /** It cannot have been cut off by the cap. */
  isAboveFloor: boolean;
  /** Whether it was shown before, as far as an entry of the head must tell. */
  viewed: boolean | undefined;
}

/** Clocks of processes are read one after the other, and lives are counted in whole seconds. */
const EDGE_MS = 2_000;
/** From when on an entry counts as viewed, after an answer that showed it; processes share two cores with all the services. */
const VIEWED_AFTER_MS = 3_000;

/**
 * What a reader's feed is made of, newest first.
 *
 * @param fromMs when the walk began
 * @param toMs when it ended
 */
export function expectedFeed(oracle: FeedOracle, readerId: Id, fromMs: number, toMs: number): ExpectedPost[] {
  const floor = oracle.highestFloor(readerId, toMs);
  return oracle.visible(readerId).map((post) => {
    const showing = oracle.showing(readerId, post.id);
    return {
      id: post.id,
      live: isLive(post, showing, oracle.settings, fromMs, toMs),
      isSettled: post.deletion === 'none' && (post.delivered || post.authorId === readerId),
      isAboveFloor: post.id > floor,
      viewed: isViewed(showing, fromMs),
    };
  });
}

/** Unviewed, an entry lives from the creation of its post; viewed, at most some time from the first showing. */
function isLive(
  { createdMs }: PostFact,
  showing: Showing | undefined,
  { unviewedTtlMs, viewedTtlMs }: FeedSettings,
  fromMs: number,
  toMs: number,
): Certainty {
  const unviewedEndMs = createdMs + unviewedTtlMs;
  const earliestEndMs = showing ? Math.min(unviewedEndMs, showing.earliestMs + viewedTtlMs) : unviewedEndMs;
  const latestEndMs = showing?.isCertain ? Math.min(unviewedEndMs, showing.latestMs + viewedTtlMs) : unviewedEndMs;
  if (toMs < earliestEndMs - EDGE_MS) return 'yes';
  return fromMs > latestEndMs + EDGE_MS ? 'no' : 'maybe';
}

function isViewed(showing: Showing | undefined, fromMs: number): boolean | undefined {
  if (!showing) return false;
  return showing.isCertain && fromMs >= showing.answeredMs + VIEWED_AFTER_MS ? true : undefined;
}
