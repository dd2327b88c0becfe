import { parseDurationMs } from './duration.js';

describe(parseDurationMs.name, () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('reads %s', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(['', '0s', '-1s', '1', 's', '1.5h', '1 s', '1S', '1w', '01s', '1s ', '1h30m', '9999999999s'])(
    'refuses %j',
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined();
    },
  );
});
