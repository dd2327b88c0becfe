import { parseLine } from './graph-line.js';
import { MAX_LINE_LENGTH } from './lines.js';

describe(parseLine.name, () => {
  it('reads a follow', () => {
    expect(parseLine('12\t2495')).toEqual({ kind: 'follow', follower: 12, followee: 2495 });
    expect(parseLine('9007199254740991\t1')).toEqual({ kind: 'follow', follower: 2 ** 53 - 1, followee: 1 });
  });

  it.each(['', '   ', '# a comment', '#', `# ${'x'.repeat(MAX_LINE_LENGTH)}`])('ignores %j', (text) => {
    expect(parseLine(text)).toEqual({ kind: 'nothing' });
  });

  it.each([
    '1 2',
    '1',
    '1\t',
    '\t1',
    '1\t2\t3',
    'a\tb',
    '0\t1',
    '01\t2',
    '-1\t2',
    '1.5\t2',
    '1e3\t2',
    ' 1\t2',
    '1\t2x',
  ])('finds %j bad', (text) => {
    expect(parseLine(text)).toEqual({ kind: 'bad', reason: 'not two positive whole numbers with a tab between them' });
  });

  it('says what else is bad', () => {
    expect(parseLine('5\t5')).toEqual({ kind: 'bad', reason: 'somebody who follows themself' });
    expect(parseLine('9007199254740992\t1')).toEqual({ kind: 'bad', reason: 'a number above 2^53 - 1' });
    expect(parseLine('1'.repeat(MAX_LINE_LENGTH + 1))).toMatchObject({ reason: expect.stringContaining('longer') });
  });
});
