import { lastGtids } from './last-gtids.js';

describe(lastGtids.name, () => {
  it('keeps the highest of each origin, whatever the order', () => {
    expect(lastGtids('a:9', 'a:10', 'b:3,a:2')).toBe('a:10,b:3');
    expect(lastGtids('a:10')).toBe('a:10');
  });

  it('takes a tag for another origin', () => {
    expect(lastGtids('a:tag:7', 'a:5', 'a:tag:6')).toBe('a:tag:7,a:5');
  });
});
