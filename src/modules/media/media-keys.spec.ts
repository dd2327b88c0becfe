import { newPublishedKey, newUploadKey, ownerOfUpload } from './media-keys.js';

describe('The keys of media', () => {
  it('name their owner and end as their type does', () => {
    expect(newUploadKey('12', 'image/jpeg')).toMatch(/^media\/12\/[0-9a-f-]{36}\.jpg$/);
    expect(newPublishedKey('12', 'video/mp4')).toMatch(/^published\/12\/[0-9a-f-]{36}\.mp4$/);
    expect(ownerOfUpload(newUploadKey('9223372036854775807', 'video/quicktime'))).toBe('9223372036854775807');
  });

  it.each([
    newPublishedKey('12', 'image/png'),
    newUploadKey('12', 'image/png').replace('media/', 'media/../'),
    `${newUploadKey('12', 'image/png')}\n`,
    newUploadKey('12', 'image/png').toUpperCase(),
    newUploadKey('12', 'image/png').replace('.png', '/../x.png'),
    'media/12/photo.jpg',
    'médiä/12',
    '',
  ])('does not take %j for the key of an upload', (key) => {
    expect(ownerOfUpload(key)).toBeUndefined();
  });
});
