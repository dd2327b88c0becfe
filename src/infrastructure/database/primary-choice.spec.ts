import { choosePrimary, type ServerView } from './primary-choice.js';

const primary = (serverUuid: string, term?: [number, string]): ServerView => view(serverUuid, true, term);
const replica = (serverUuid: string, term?: [number, string]): ServerView => view(serverUuid, false, term);
const view = (serverUuid: string, writable: boolean, term?: [number, string]): ServerView => ({
  serverUuid,
  writable,
  replicates: !writable,
  term: term && { term: term[0], serverUuid: term[1] },
});
const chosen = (views: Record<string, ServerView>, known?: [number, string]) =>
  choosePrimary(new Map(Object.entries(views)), 'a', known && { term: known[0], serverUuid: known[1] }).primary;

describe(choosePrimary.name, () => {
  it('takes the configured one until there has been a promotion', () => {
    expect(chosen({ a: primary('A'), b: replica('B') })).toBe('a');
    expect(chosen({ b: replica('B') })).toBeUndefined();
  });

  it('follows a promotion', () => {
    expect(chosen({ b: primary('B', [1, 'B']), c: replica('C', [1, 'B']) })).toBe('b');
  });

  it('does not go back to a primary that was given up and came back', () => {
    expect(chosen({ a: primary('A'), b: primary('B', [1, 'B']) })).toBe('b');
    expect(chosen({ a: primary('A', [1, 'A']), b: primary('B', [2, 'B']) })).toBe('b');
  });

  it('writes to nobody while the promoted one is away, and its replica or this process remembers it', () => {
    expect(chosen({ a: primary('A'), c: replica('C', [1, 'B']) })).toBeUndefined();
    expect(chosen({ a: primary('A') }, [1, 'B'])).toBeUndefined();
  });

  it('writes to nobody while the promoted one still replicates or refuses writes', () => {
    expect(chosen({ a: replica('A'), b: replica('B', [1, 'B']) })).toBeUndefined();
    expect(chosen({ b: { ...primary('B', [1, 'B']), replicates: true } })).toBeUndefined();
  });

  it('remembers the latest promotion', () => {
    const { term } = choosePrimary(new Map([['b', primary('B', [2, 'B'])]]), 'a', { term: 1, serverUuid: 'A' });
    expect(term).toEqual({ term: 2, serverUuid: 'B' });
  });
});
