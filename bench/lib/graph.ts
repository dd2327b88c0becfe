// Graphs of any size whose users follow and are followed as those of a real one: the Slashdot Zoo of February 2009, 82,168 users, 870,161
// follows (SNAP, soc-Slashdot0902; Leskovec, Lang, Dasgupta, Mahoney 2009).
import { chance } from './chance.ts';

const SEED = 1;

type Quantiles = readonly (readonly [share: number, degree: number])[];

/** Which share of the users has how many followers at most. */
const FOLLOWERS: Quantiles = [
  [0, 1],
  [0.3, 1],
  [0.5, 2],
  [0.6, 3],
  [0.7, 5],
  [0.8, 9],
  [0.85, 13],
  [0.9, 21],
  [0.94, 36],
  [0.97, 67],
  [0.985, 114],
  [0.99, 150],
  [0.995, 209],
  [0.998, 310],
  [0.999, 419],
  [0.9995, 572],
  [0.9999, 1_102],
  [1, 2_552],
];

/** Which share of the users follows how many at most. */
const FOLLOWEES: Quantiles = [
  [0, 0],
  [0.1, 0],
  [0.2, 1],
  [0.4, 1],
  [0.5, 2],
  [0.6, 3],
  [0.7, 5],
  [0.8, 9],
  [0.85, 13],
  [0.9, 21],
  [0.94, 37],
  [0.97, 71],
  [0.985, 128],
  [0.99, 172],
  [0.995, 210],
  [0.998, 303],
  [0.999, 399],
  [0.9995, 493],
  [0.9999, 930],
  [1, 2_510],
];

function degreeAt(quantiles: Quantiles, share: number): number {
  const above = quantiles.findIndex(([upTo]) => upTo >= share);
  if (above <= 0) return quantiles[0]![1];
  const [fromShare, from] = quantiles[above - 1]!;
  const [toShare, to] = quantiles[above]!;
  return Math.round(from + ((share - fromShare) / (toShare - fromShare)) * (to - from));
}

/** Followers of a user at a place between 0, the least followed, and 1. */
export const followersAt = (share: number): number => degreeAt(FOLLOWERS, share);

/**
 * Follows among users, by the configuration model: as many ends as each has followers and followees, joined at random.
 * A few fall out, because they come twice or lead to oneself.
 *
 * @returns pairs of places: who follows, who is followed
 */
export function* makeFollows(users: number): Generator<[follower: number, followee: number]> {
  const { shuffle } = chance(SEED);
  const shuffled = (): Int32Array => shuffle(Int32Array.from({ length: users }, (_, index) => index));
  const ends = (quantiles: Quantiles, order: Int32Array): Int32Array => {
    const degrees = Array.from(order, (_, index) => degreeAt(quantiles, (index + 0.5) / users));
    const all = new Int32Array(degrees.reduce((sum, degree) => sum + degree, 0));
    let place = 0;
    for (const [index, degree] of degrees.entries()) all.fill(order[index]!, place, (place += degree));
    return all;
  };
  const followees = ends(FOLLOWERS, shuffled());
  const followers = shuffle(ends(FOLLOWEES, shuffled()));
  const seen = new Set<number>();
  let last = -1;
  for (let index = 0; index < Math.min(followers.length, followees.length); index++) {
    const [follower, followee] = [followers[index]!, followees[index]!];
    if (followee !== last) seen.clear(); // the ends of one who is followed lie together
    last = followee;
    if (follower === followee || seen.has(follower)) continue;
    seen.add(follower);
    yield [follower, followee];
  }
}

/**
 * Places of a Zipf distribution with exponent 1: the first comes twice as often as the second.
 *
 * @param share of chance, from 0 to 1
 */
export function zipf(count: number, share: () => number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index++) sums[index] = sum += 1 / (index + 1);
  return () => {
    const wanted = share() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
