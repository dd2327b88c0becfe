import { covers, lastGtids, lastNumbers } from './gtid-sets.js';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = '8a94f357-aab4-11df-86ab-c80aa9429562';

describe(lastNumbers.name, () => {
  it('finds the last transaction of each server and tag', () => {
    expect([...lastNumbers(`${A}:1-5:8-37:audit:1-3:7,\n${B}:12`)]).toEqual([
      [A, 37],
      [`${A}:audit`, 7],
      [B, 12],
    ]);
  });

  it('knows nothing of an empty set', () => {
    expect(lastNumbers('').size).toBe(0);
  });
});

describe(lastGtids.name, () => {
  it('keeps of several transactions the last of each origin', () => {
    expect(lastGtids('a:9', 'a:10', 'b:3,a:2')).toBe('a:10,b:3');
    expect(lastGtids('a:tag:7', 'a:5', 'a:tag:6')).toBe('a:tag:7,a:5');
    expect(lastGtids(`${A}:5,${B}:2`, `${A}:9`, `${A}:audit:4`)).toBe(`${A}:9,${B}:2,${A}:audit:4`);
  });
});

describe(covers.name, () => {
  it.each([
    [`${A}:1-10`, `${A}:10`, true],
    [`${A}:1-10`, `${A}:11`, false],
    [`${A}:1-10,${B}:1-3`, `${A}:1-9,${B}:3`, true],
    [`${A}:1-10`, `${A}:9,${B}:1`, false],
    [`${A}:1-10`, `${A}:audit:1`, false],
    ['', '', true],
  ])('%s covers %s: %s', (executed, wanted, expected) => {
    expect(covers(lastNumbers(executed), lastNumbers(wanted))).toBe(expected);
  });
});
