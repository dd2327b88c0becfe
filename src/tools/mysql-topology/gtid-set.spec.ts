import { GtidSet } from './gtid-set.js';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = '4f11fa47-71ca-11e1-9e33-c80aa9429562';
const set = (text: string) => GtidSet.parse(text.replaceAll('A', A).replaceAll('B', B));
const short = (gtids: GtidSet) => gtids.toString().replaceAll(A, 'A').replaceAll(B, 'B');

describe(GtidSet.name, () => {
  it.each([
    ['', ''],
    ['A:1', 'A:1'],
    ['A:1-5:7-9,\nB:3', 'A:1-5:7-9,B:3'],
    ['B:1,A:5:1-3:4', 'A:1-5,B:1'],
    ['A:1-3:backup:2-4:9:other:1', 'A:1-3,A:backup:2-4:9,A:other:1'],
    ['A:1-3,A:backup:2', 'A:1-3,A:backup:2'],
  ])('reads %j as %j', (text, expected) => {
    expect(short(set(text))).toBe(expected);
    expect(set(expected).toString()).toBe(set(text).toString());
  });

  it('refuses what is no set', () => {
    expect(() => GtidSet.parse('A:1-')).toThrow('no set of GTIDs');
  });

  it('counts', () => {
    expect(set('').size).toBe(0);
    expect(set('A:1-5:7,B:2-3,B:tag:4').size).toBe(9);
  });

  it('tells which are of one server', () => {
    expect(short(set('A:1-3,A:backup:2,B:4').of(A.toUpperCase()))).toBe('A:1-3,A:backup:2');
    expect(set('A:1').of(B).isEmpty).toBe(true);
  });

  it.each([
    ['A:1-5', 'A:1-5', ''],
    ['A:1-9', 'A:3-4', 'A:1-2:5-9'],
    ['A:1-9', 'A:1:5:9', 'A:2-4:6-8'],
    ['A:1-3:7-9', 'A:2-8', 'A:1:9'],
    ['A:1-3,B:1-2', 'A:1-3', 'B:1-2'],
    ['A:1-3', 'A:tag:1-3', 'A:1-3'],
    ['', 'A:1', ''],
  ])('%j without %j is %j', (whole, taken, left) => {
    expect(short(set(whole).minus(set(taken)))).toBe(left);
  });

  it('joins', () => {
    expect(short(set('A:1-3,B:1').union(set('A:4-5:9,B:tag:1')))).toBe('A:1-5:9,B:1,B:tag:1');
  });

  it('tells whether it contains another', () => {
    expect(set('A:1-9').contains(set('A:2:8-9'))).toBe(true);
    expect(set('A:1-9').contains(set('A:2:8-10'))).toBe(false);
    expect(set('A:1').contains(set(''))).toBe(true);
    expect(set('').contains(set('A:1'))).toBe(false);
  });
});
