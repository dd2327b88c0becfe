import { compareIds, isId } from './id.js';

describe(compareIds.name, () => {
  it('orders ids by their number, also above 2^53', () => {
    const sorted = ['2', '10', '9007199254740992', '9007199254740993', '9223372036854775807'];
    expect([...sorted].reverse().toSorted(compareIds)).toEqual(sorted);
    expect(compareIds('7', '7')).toBe(0);
  });
});

describe(isId.name, () => {
  it.each(['1', '9007199254740993', '9223372036854775807'])('accepts %s', (text) => {
    expect(isId(text)).toBe(true);
  });

  it.each(['', '0', '-1', '+1', '01', '1.0', '1e3', ' 1', '1\n', '٣', '9223372036854775808', '10000000000000000000'])(
    'refuses %j',
    (text) => {
      expect(isId(text)).toBe(false);
    },
  );

  it('refuses what is not a text', () => {
    for (const value of [1, null, undefined, ['1'], {}]) expect(isId(value)).toBe(false);
  });
});
