import { fenced, primary, replica, silent } from '../../../test/support/server-states.js';
import type { KnownServer } from './server-state.js';
import { reportStatus } from './status-report.js';

const problems = (...servers: KnownServer[]) => reportStatus(servers, 'a').lines.slice(servers.length + 1);

describe(reportStatus.name, () => {
  const a = primary('a', { executed: 'a:1-9', term: ['a', 2] });
  const b = replica('b', 'a', { executed: 'a:1-8', term: ['a', 2] });

  it('is a table of the servers', () => {
    expect(reportStatus([a, b, silent('c')], 'a').lines.slice(0, 4)).toEqual([
      'server  role     writes  from    lag  semi-sync       transactions  term',
      'a       primary  yes     -       -    on, 2 replicas  9             2',
      'b       replica  no      a:3306  0 s  -               8, lacks 1    2',
      'c       AWAY',
    ]);
  });

  it('finds nothing wrong with a primary that its replicas follow', () => {
    expect(reportStatus([a, b], 'a')).toMatchObject({ isHealthy: true, lines: { length: 3 } });
  });

  it.each<[string, KnownServer[]]>([
    ['c does not answer: start it, then npm run mysql -- rejoin c', [a, silent('c')]],
    ['there is no primary: a does not answer', [silent('a'), b]],
    ['a is the primary by term 2 and takes no writes', [fenced('a', { executed: 'a:1-9', term: ['a', 2] }), b]],
    ['a answers commits that no replica has', [primary('a', { executed: 'a:1-9', replicas: 0 }), b]],
    ['c takes writes and is not the primary: npm run mysql -- rejoin c', [a, primary('c', { executed: 'a:1-3' })]],
    ['c has 1 transaction that the primary does not', [a, primary('c', { executed: 'a:1-3,c:1' })]],
    ['c does not replicate from the primary: npm run mysql -- rejoin c', [a, fenced('c')]],
    ['c does not replicate from the primary: npm run mysql -- rejoin c', [a, replica('c', 'b')]],
    ['c has stopped replicating (some error)', [a, replica('c', 'a', {}, { applier: 'off', error: 'some error' })]],
  ])('says what is wrong and what to do: %s', (expected, servers) => {
    expect(problems(...servers)).toEqual([expect.stringContaining(expected)]);
    expect(reportStatus(servers, 'a').isHealthy).toBe(false);
  });
});
