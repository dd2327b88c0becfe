import { fenced, primary, replica, silent } from '../../../test/support/server-states.js';
import { lackOf, planPromotion, type PromotionPlan, type Step } from './promotion-plan.js';
import type { KnownServer, LiveServer } from './server-state.js';
import type { PromoteOptions } from './topology-options.js';

const plan = (servers: KnownServer[], server: string, options: Partial<PromoteOptions> = {}): PromotionPlan =>
  planPromotion(servers, 'a', { server, oldPrimaryIsGone: false, without: [], ...options });

const textOf = (step: Step): string =>
  Object.values(step)
    .map((value) => (Array.isArray(value) ? value.join('+') : String(value)))
    .join(' ');
const steps = (...args: Parameters<typeof plan>) => plan(...args).steps.map(textOf);
const GONE = { oldPrimaryIsGone: true };

describe(planPromotion.name, () => {
  const a = primary('a', { executed: 'a:1-9' });
  const b = replica('b', 'a', { executed: 'a:1-8' });
  const c = replica('c', 'a', { executed: 'a:1-9' });

  it('refuses servers that it does not know, that are silent, or that cannot be semi-synchronous', () => {
    expect(() => plan([a, b], 'd')).toThrow('d is none of MYSQL_PRIMARY and MYSQL_REPLICAS: a, b');
    expect(() => plan([a, silent('b')], 'b')).toThrow('b does not answer');
    const without: LiveServer = { name: 'b', state: { ...b.state, semiSync: undefined } };
    expect(() => plan([a, without], 'b')).toThrow('mysql/common.cnf');
  });

  describe('while the primary answers', () => {
    it('stops its writes first, and makes it a replica', () => {
      expect(plan([a, b, c], 'b').notes).toEqual([]);
      expect(steps([a, b, c], 'b')).toEqual([
        'fence a',
        'catch up b a',
        'detach b',
        'make durable b',
        'follow c b',
        'follow a b',
        'await replicas b 1',
        'open b',
        'begin term b 1',
        'await replicas b 2',
      ]);
    });

    it('counts the terms on from the highest that anybody knows', () => {
      const b4 = replica('b', 'a', { executed: 'a:1-8', term: ['a', 4] });
      expect(steps([primary('a', { executed: 'a:1-9', term: ['a', 4] }), b4], 'b')).toContain('begin term b 5');
    });

    it('goes on without a replica that is silent or apart, and says so', () => {
      expect(steps([a, b, silent('c')], 'b')).not.toContain('follow c b');
      expect(plan([a, b, silent('c')], 'b').notes).toEqual([
        'c does not answer; when it is back: npm run mysql -- rejoin c',
      ]);
      expect(plan([a, b, fenced('c')], 'b').notes).toEqual(['c is left as it is: npm run mysql -- rejoin c']);
    });

    it.each<[string, LiveServer]>([
      ['does not replicate', fenced('b', { executed: 'a:1-8' })],
      ['replicates from c', replica('b', 'c')],
      ['has failed (some error)', replica('b', 'a', {}, { applier: 'off', error: 'some error' })],
      ['is stopped', replica('b', 'a', {}, { receiver: 'off' })],
      ['is 6 s behind', replica('b', 'a', {}, { lagSeconds: 6 })],
      ['--clone', replica('b', 'a', { executed: 'a:1-8,b:1' })],
    ])('refuses a replica (%s) before anything is done', (reason, candidate) => {
      expect(() => plan([a, candidate, c], 'b')).toThrow(reason);
      expect(() => plan([a, candidate, c], 'b', GONE)).toThrow(reason);
    });
  });

  describe('while the primary is silent', () => {
    const servers = [silent('a'), b, c];

    it('needs the word that it is gone', () => {
      expect(() => plan(servers, 'c')).toThrow('add --old-primary-is-gone');
    });

    it('stops the replicas from receiving, so that they can be compared', () => {
      expect(steps(servers, 'c', GONE)).toEqual([
        'stop receiving c',
        'stop receiving b',
        'apply received c',
        'compare c b',
        'detach c',
        'make durable c',
        'follow b c',
        'await replicas c 1',
        'open c',
        'begin term c 1',
        'await replicas c 1',
      ]);
    });

    it('refuses while a replica is silent that may alone have an acknowledged write', () => {
      const two = [silent('a'), silent('b'), c];
      expect(() => plan(two, 'c', GONE)).toThrow('give those up with --without b');
      const { steps: planned, notes } = plan(two, 'c', { ...GONE, without: ['b'] });
      expect(planned.map(textOf)).toContain('compare c ');
      expect(notes).toHaveLength(2);
      expect(() => plan(two, 'c', { ...GONE, without: ['d'] })).toThrow('d is none of');
    });

    it('refuses as well where it is not known which of the silent servers was the primary', () => {
      const two = [silent('a'), silent('b'), replica('c', 'b', { term: ['b', 3] }, { source: 'inner-b:3306' })];
      expect(() => plan(two, 'c', GONE)).toThrow('a and b do not answer; one of them was the primary');
      expect(steps(two, 'c', { ...GONE, without: ['a'] })).toContain('begin term c 4');
    });

    it('takes a primary that came back after another was promoted for none', () => {
      const old = primary('a', { executed: 'a:1-9' });
      const heir = replica('c', 'b', { executed: 'a:1-9,b:1', term: ['b', 1] });
      expect(() => plan([old, silent('b'), heir], 'c')).toThrow('the primary b does not answer');
      expect(steps([old, silent('b'), heir], 'c', GONE)).toContain('compare c a');
    });
  });

  describe('after a promotion that was cut short', () => {
    it('goes on when the old primary is fenced and the candidate has everything, in whatever state that is', () => {
      const old = replica('a', 'b', { executed: 'a:1-9' });
      for (const candidate of [
        fenced('b', { executed: 'a:1-9' }),
        primary('b', { executed: 'a:1-9' }),
        replica('b', 'a', { executed: 'a:1-9' }, { receiver: 'off', applier: 'off' }),
      ]) {
        expect(steps([old, candidate, c], 'b')).toContain('begin term b 1');
      }
    });

    it('gives the writes back to the old primary as well', () => {
      const old = replica('a', 'b', { executed: 'a:1-9' });
      expect(steps([old, fenced('b', { executed: 'a:1-9' }), c], 'a')).toEqual([
        'apply received a',
        'detach a',
        'make durable a',
        'follow c a',
        'await replicas a 1',
        'open a',
        'await replicas a 1',
      ]);
    });

    it('has nothing to do when all is done', () => {
      expect(plan([a, b, c], 'a')).toEqual({ steps: [], notes: [] });
    });
  });
});

describe(lackOf.name, () => {
  const b = replica('b', 'a', { executed: 'a:1-7', received: 'a:6-8' });

  it('counts what the others have received, applied or not', () => {
    expect(lackOf(replica('c', 'a', { executed: 'a:1-8' }), [b])).toBeUndefined();
    const lack = lackOf(replica('c', 'a', { executed: 'a:1-7' }), [b]);
    expect([lack?.server, lack?.gtids.size, lack?.better]).toEqual(['b', 1, 'b']);
  });

  it('names the one that has everything, if there is one', () => {
    const d = replica('d', 'a', { executed: 'a:1-9' });
    expect(lackOf(replica('c', 'a', { executed: 'a:1-7' }), [b, d])?.better).toBe('d');
    const e = replica('e', 'a', { executed: 'a:1-7,e:1' });
    expect(lackOf(replica('c', 'a', { executed: 'a:1-7' }), [b, e])?.better).toBeUndefined();
  });
});
