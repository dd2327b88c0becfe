import { judge, planFlush, sumByPost, type PendingChange } from './post-counts.rules.js';

const NOW_MS = 1_800_000_000_000;
const change = (id: number, postId: number, likes: number, comments = 0, ageMs = 0): PendingChange => ({
  id: String(id),
  postId: String(postId),
  likes,
  comments,
  createdAt: new Date(NOW_MS - ageMs),
});
const none = new Map<string, { likes: number; comments: number }>();

describe(sumByPost.name, () => {
  it('adds up each post’s changes, in the numeric order of posts', () => {
    expect(sumByPost([change(1, 10, 1), change(2, 9, 1, 1), change(3, 10, 1), change(4, 10, -1, 2)])).toEqual([
      { postId: '9', likes: 1, comments: 1 },
      { postId: '10', likes: 1, comments: 2 },
    ]);
  });
});

describe(planFlush.name, () => {
  it('takes every change of posts whose counts stay at zero or above', () => {
    const counts = new Map([['7', { likes: 1, comments: 0 }]]);
    const changes = [change(1, 7, -1), change(2, 8, 1), change(3, 8, -1), change(4, 9, 0, 1)];
    expect(planFlush(changes, counts, NOW_MS)).toEqual({
      sums: [
        { postId: '7', likes: -1, comments: 0 },
        { postId: '8', likes: 0, comments: 0 },
        { postId: '9', likes: 0, comments: 1 },
      ],
      done: ['1', '2', '3', '4'],
    });
  });

  it('leaves those of a post that would fall below zero, because another job may hold what they take back', () => {
    const changes = [change(1, 7, -1), change(2, 7, 0, 1), change(3, 8, 1), change(4, 9, 0, -1)];
    expect(planFlush(changes, none, NOW_MS)).toEqual({ sums: [{ postId: '8', likes: 1, comments: 0 }], done: ['3'] });
  });

  it('gives up waiting after a minute, and stops at zero', () => {
    const counts = new Map([['7', { likes: 1, comments: 5 }]]);
    const changes = [change(1, 7, -2, -1, 60_001), change(2, 7, -1), change(3, 8, -1, 0, 60_000)];
    expect(planFlush(changes, counts, NOW_MS)).toEqual({
      sums: [{ postId: '7', likes: -1, comments: -1 }],
      done: ['1', '2'],
    });
  });
});

describe(judge.name, () => {
  const counts = (likes: number, comments = 0) => ({ likes, comments });

  it.each([
    ['equal, and nothing pending', counts(5, 2), { ...counts(5, 2), pending: 0 }, false, true],
    ['equal, but changes are pending', counts(5), { ...counts(5), pending: 1 }, false, false],
    ['off by no more than is pending', counts(3), { ...counts(5), pending: 2 }, false, false],
    ['off by more than is pending', counts(2), { ...counts(5), pending: 2 }, true, false],
    ['too high, and nothing pending', counts(6), { ...counts(5), pending: 0 }, true, false],
    ['wrong in the comments only', counts(5, 1), { ...counts(5, 2), pending: 0 }, true, false],
  ])('of counts that are %s', (_, seen, truth, wrong, settled) => {
    expect(judge(seen, truth)).toEqual({ wrong, settled });
  });

  it('has nothing against counts that Redis does not hold, or whose post is gone', () => {
    expect(judge(undefined, { ...counts(5), pending: 0 })).toEqual({ wrong: false, settled: true });
    expect(judge(undefined, { ...counts(5), pending: 1 })).toEqual({ wrong: false, settled: false });
    expect(judge(counts(5), undefined)).toEqual({ wrong: false, settled: true });
  });
});
