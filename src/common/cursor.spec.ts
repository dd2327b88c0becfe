import { decodeCursor, encodeCursor } from './cursor.js';

const invalid = expect.objectContaining({ code: 'INVALID_CURSOR', status: 400 });
const decode = (...args: Parameters<typeof decodeCursor>) => {
  try {
    return decodeCursor(...args);
  } catch (error) {
    return error;
  }
};

describe(decodeCursor.name, () => {
  it('opens what encodeCursor made, which is safe in an address', () => {
    const cursor = encodeCursor('feed', 'head', '9223372036854775807');
    expect(encodeURIComponent(cursor)).toBe(cursor);
    expect(decodeCursor('feed', 2, cursor)).toEqual(['head', '9223372036854775807']);
  });

  it('opens cursors that clients have kept since the first version', () => {
    expect(decodeCursor('feed', 2, 'MTpmZWVkOmhlYWQ6NDI')).toEqual(['head', '42']);
  });

  it.each<[string, Parameters<typeof decodeCursor>]>([
    ['another list', ['posts', 2, encodeCursor('feed', 'head', '1')]],
    ['fewer parts', ['feed', 2, encodeCursor('feed', 'head')]],
    ['more parts', ['feed', 2, encodeCursor('feed', 'head', '1', '2')]],
    ['another version', ['feed', 1, Buffer.from('2:feed:1').toString('base64url')]],
    ['the alphabet of plain base64', ['feed', 1, 'MTpm+/=']],
    ['nothing', ['feed', 1, '']],
    ['too much', ['feed', 1, 'A'.repeat(2_000)]],
  ])('refuses a cursor of %s', (_, args) => {
    expect(decode(...args)).toEqual(invalid);
  });
});
