/** First and last number of a run of transactions. Numbers, because no server commits 2^53 times. */
type Interval = readonly [first: number, last: number];

/** A set of transactions as MySQL writes it, `uuid:1-5:7,uuid:tag:1-3`. Never changes. */
export class GtidSet {
  /** Sorted, disjoint intervals of each origin: a server's uuid, with a tag where it has one. */
  private constructor(private readonly origins: ReadonlyMap<string, readonly Interval[]>) {}

  static readonly EMPTY = new GtidSet(new Map());

  /** @throws Error when it is no set of GTIDs */
  static parse(text: string): GtidSet {
    const origins = new Map<string, Interval[]>();
    for (const part of text.replaceAll(/\s/g, '').split(',')) {
      if (part === '') continue;
      const [uuid, ...tokens] = part.toLowerCase().split(':');
      let origin = uuid!;
      for (const token of tokens) {
        const match = /^([0-9]+)(?:-([0-9]+))?$/.exec(token);
        if (match)
          origins.set(origin, [...(origins.get(origin) ?? []), [Number(match[1]), Number(match[2] ?? match[1])]]);
        else if (/^[a-z_][a-z0-9_]*$/.test(token)) origin = `${uuid}:${token}`;
        else throw new Error(`this is no set of GTIDs: ${text}`);
      }
    }
    return GtidSet.merged(origins);
  }

  private static merged(origins: ReadonlyMap<string, Interval[]>): GtidSet {
    const sorted = [...origins].map(([origin, intervals]) => [origin, merge(intervals)] as const);
    return new GtidSet(new Map(sorted.filter(([, intervals]) => intervals.length > 0)));
  }

  get isEmpty(): boolean {
    return this.origins.size === 0;
  }

  /** How many transactions these are. */
  get size(): number {
    return [...this.origins.values()].flat().reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  /** The number in words. */
  get count(): string {
    return this.size === 1 ? '1 transaction' : `${this.size} transactions`;
  }

  union(other: GtidSet): GtidSet {
    const origins = new Map([...this.origins].map(([origin, intervals]) => [origin, [...intervals]]));
    for (const [origin, intervals] of other.origins) {
      origins.set(origin, [...(origins.get(origin) ?? []), ...intervals]);
    }
    return GtidSet.merged(origins);
  }

  minus(other: GtidSet): GtidSet {
    const origins = [...this.origins].map(
      ([origin, intervals]) => [origin, subtract(intervals, other.origins.get(origin) ?? [])] as const,
    );
    return GtidSet.merged(new Map(origins));
  }

  /** Those that one server was the first to commit, with a tag or without. */
  of(uuid: string): GtidSet {
    const origins = [...this.origins].filter(([origin]) => origin.split(':')[0] === uuid.toLowerCase());
    return new GtidSet(new Map(origins));
  }

  contains(other: GtidSet): boolean {
    return other.minus(this).isEmpty;
  }

  toString(): string {
    return [...this.origins]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([origin, intervals]) => [origin, ...intervals.map(textOf)].join(':'))
      .join(',');
  }
}

const textOf = ([first, last]: Interval): string => (first === last ? String(first) : `${first}-${last}`);

function merge(intervals: readonly Interval[]): Interval[] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...intervals].sort(([a], [b]) => a - b)) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

function subtract(intervals: readonly Interval[], taken: readonly Interval[]): Interval[] {
  let left: Interval[] = [...intervals];
  for (const [from, to] of taken) {
    left = left.flatMap(([first, last]): Interval[] => {
      if (to < first || last < from) return [[first, last]];
      const pieces: Interval[] = [
        [first, from - 1],
        [to + 1, last],
      ];
      return pieces.filter(([start, end]) => start <= end);
    });
  }
  return left;
}
