// Chance that a seed repeats: every run begins with the same graph and the same posts.
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

const WHOLE = 2 ** 31;

export interface Chance {
  /** A whole number from 0 on, less than `count`. */
  below: (count: number) => number;
  /** From 0 on, less than 1. */
  share: () => number;
  /** In place. */
  shuffle: <Values extends Int32Array | unknown[]>(values: Values) => Values;
}

export function chance(seed: number): Chance {
  const generator = xoroshiro128plus(seed);
  const below = (count: number): number => uniformInt(generator, 0, count - 1);
  return {
    below,
    share: () => below(WHOLE) / WHOLE,
    shuffle: (values) => {
      for (let index = values.length - 1; index > 0; index--) {
        const other = below(index + 1);
        [values[index], values[other]] = [values[other]!, values[index]!];
      }
      return values;
    },
  };
}
