import { DistinctCounter } from './distinct-counter.js';
import { LoadReport, summaryOf } from './load-report.js';

describe(summaryOf.name, () => {
  it('tells what was read, what is new and what was there', () => {
    const report = Object.assign(new LoadReport(), {
      badLines: 2,
      usersCreated: 1_000,
      usersExisting: 234,
      followsRead: 5_000,
      followsCreated: 4_000,
      followsRefused: 10,
    });
    report.changedUsers.add('1');
    const text = summaryOf(report, 'graph.tsv', 2);
    expect(text).toMatch(/graph\.tsv: 2\.0 s, 2,500 follows\/s/);
    expect(text).toMatch(/users +1,234 read +1,000 new +234 existing/);
    expect(text).toMatch(/follows +5,000 read +4,000 new +990 existing/);
    expect(text).toMatch(/10 follows were left out/);
    expect(text).toMatch(/2 bad lines/);
    expect(text).toMatch(/exist of 1 users/);
  });
});

describe(DistinctCounter.name, () => {
  it('counts each value once and says when it no longer can', () => {
    const counter = new DistinctCounter<string>(2);
    for (const value of ['a', 'b', 'a']) counter.add(value);
    expect([counter.count, counter.isExact]).toEqual([2, true]);
    counter.add('c');
    expect([counter.count, counter.isExact]).toEqual([2, false]);
  });
});
