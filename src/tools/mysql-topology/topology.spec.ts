import { fenced, primary, replica, silent } from '../../../test/support/server-states.js';
import { errantOf, primacyOf, replicatesFrom } from './topology.js';

describe(primacyOf.name, () => {
  it('is the configured server until one is promoted, whether it answers or not', () => {
    const a = primary('a');
    expect(primacyOf([a, replica('b', 'a')], 'a')).toEqual({ term: 0, holder: a, name: 'a' });
    expect(primacyOf([silent('a'), replica('b', 'a')], 'a')).toEqual({ term: 0, holder: undefined, name: 'a' });
  });

  it('is the server of the highest term that anybody knows, though it cannot be written to', () => {
    const b = fenced('b', { term: ['b', 2] });
    expect(primacyOf([primary('a', { term: ['a', 1] }), b], 'a')).toEqual({ term: 2, holder: b, name: 'b' });
  });

  it('is not a server that came back, however writable it is', () => {
    const a = primary('a', { term: ['a', 1] });
    const c = replica('c', 'b', { term: ['b', 2] });
    expect(primacyOf([a, silent('b'), c], 'a')).toEqual({ term: 2, holder: undefined, name: 'b' });
  });

  it('is that one of two silent servers which its replica names, and is not guessed where that does not help', () => {
    const known = (source: string) =>
      primacyOf([silent('a:1'), silent('b:2'), replica('c', 'b', { term: ['b', 2] }, { source })], 'a');
    expect(known('b:2')).toEqual({ term: 2, holder: undefined, name: 'b:2' });
    expect(known('inner-b:3306').name).toBeUndefined();
  });
});

describe(replicatesFrom.name, () => {
  it('goes by the source itself, and by its address until it was reached once', () => {
    const a = primary('a');
    expect(replicatesFrom(replica('b', 'a', {}, { source: 'alias:1' }), a)).toBe(true);
    expect(replicatesFrom(replica('b', 'a', {}, { sourceUuid: '' }), a)).toBe(true);
    expect(replicatesFrom(replica('b', 'c'), a)).toBe(false);
    expect(replicatesFrom(fenced('b'), a)).toBe(false);
  });
});

describe(errantOf.name, () => {
  it('is what only the server has', () => {
    const a = primary('a', { executed: 'a:1-9' });
    expect(errantOf(replica('b', 'a', { executed: 'a:1-5' }), a).isEmpty).toBe(true);
    expect(errantOf(replica('b', 'a', { executed: 'a:1-5,b:1-2' }), a).size).toBe(2);
  });
});
