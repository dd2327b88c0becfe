// A queue of posts that workers deliver: what cannot be tried here with as many workers and posts as a billion users have.
import { ASSUMED, followersOf, jobSeconds, type Measured } from './capacity-model.ts';
import { chance } from './chance.ts';

/** Posts that are simulated: ten minutes of 100 million users' busiest hour, a minute and a half of a billion's. */
const POSTS = 400_000;
const SEED = 5;

export interface Lag {
  p50: number;
  p99: number;
  longest: number;
}

/**
 * Posts come independently of each other, of authors drawn by the graph's degrees; the worker that is free first takes the next one.
 *
 * @param workers that there are
 * @param postsPerSecond that come
 * @returns seconds from a post's commit until its last feed, without what an idle system takes
 */
export function simulateDeliveries(users: number, workers: number, postsPerSecond: number, measured: Measured): Lag {
  const { share } = chance(SEED);
  const free = new Float64Array(workers); // a heap: when each worker is free, the first one on top
  const lags = new Float64Array(POSTS);
  let now = 0;
  for (let post = 0; post < POSTS; post++) {
    now -= Math.log(1 - share()) / postsPerSecond;
    const begin = Math.max(now, free[0]!);
    const followers = followersOf(Math.min(share(), 1 - 1 / users));
    const end = begin + jobSeconds(measured, Math.min(followers, ASSUMED.largeAuthorFollowers));
    lags[post] = end - now;
    replaceFirst(free, end);
  }
  lags.sort();
  return { p50: lags[POSTS / 2]!, p99: lags[POSTS * 0.99]!, longest: lags.at(-1)! };
}

function replaceFirst(heap: Float64Array, value: number): void {
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = value;
}
