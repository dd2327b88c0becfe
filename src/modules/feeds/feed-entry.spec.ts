import { decodeEntry, encodeEntry, newEntry } from './feed-entry.js';
import { bucketOf, feedKey } from './feed-keys.js';
import { decodePosition, encodePosition } from './feed-cursor.js';

describe(encodeEntry.name, () => {
  it('writes postId:expiresAt:viewed, which decodeEntry reads', () => {
    const entry = { postId: '9223372036854775807', expiresAt: 1_800_000_000, viewed: true };
    expect(encodeEntry(entry)).toBe('9223372036854775807:1800000000:1');
    expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
    expect(decodeEntry('7:1800000000:0')).toEqual({ postId: '7', expiresAt: 1_800_000_000, viewed: false });
  });
});

describe(newEntry.name, () => {
  it('lives from the creation of the post, in whole seconds', () => {
    expect(newEntry('7', 1_000_999, 60_000)).toEqual({ postId: '7', expiresAt: 1_060, viewed: false });
  });
});

describe(feedKey.name, () => {
  it('hashes the bucket alone, which is the id modulo the buckets, also above 2^53', () => {
    expect(feedKey('1041', 1_024)).toBe('feed:{17}:1041');
    expect(bucketOf('9007199254740993', 1_024)).toBe(1);
    expect(bucketOf('9223372036854775807', 1_024)).toBe(1_023);
  });
});

describe(encodePosition.name, () => {
  it.each(['head', 'tail'] as const)('makes a cursor in the %s that decodePosition opens', (part) => {
    expect(decodePosition(encodePosition({ part, belowId: '42' }))).toEqual({ part, belowId: '42' });
  });
});
