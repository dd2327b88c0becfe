export type MediaKind = 'image' | 'video';

interface MediaTypeFacts {
  kind: MediaKind;
  /** Ends the key of an object. */
  extension: string;
  /** What the first bytes of such a file may be recognized as. */
  recognizedAs: readonly string[];
}

/**
 * The types of media that the service can check; which of them are allowed is a setting. None of them can hold a script:
 * no SVG, no HTML.
 */
export const MEDIA_TYPES = {
  'image/jpeg': { kind: 'image', extension: 'jpg', recognizedAs: ['image/jpeg'] },
  'image/png': { kind: 'image', extension: 'png', recognizedAs: ['image/png', 'image/apng'] },
  'image/gif': { kind: 'image', extension: 'gif', recognizedAs: ['image/gif'] },
  'image/webp': { kind: 'image', extension: 'webp', recognizedAs: ['image/webp'] },
  'image/avif': { kind: 'image', extension: 'avif', recognizedAs: ['image/avif'] },
  'video/mp4': { kind: 'video', extension: 'mp4', recognizedAs: ['video/mp4', 'video/x-m4v'] },
  'video/webm': { kind: 'video', extension: 'webm', recognizedAs: ['video/webm'] },
  'video/quicktime': { kind: 'video', extension: 'mov', recognizedAs: ['video/quicktime'] },
} as const satisfies Record<string, MediaTypeFacts>;

export type MediaType = keyof typeof MEDIA_TYPES;

/** Whether the service can check media of this type: a media type without parameters. */
export const isMediaType = (text: string): text is MediaType => Object.hasOwn(MEDIA_TYPES, text);

/** What is known of a type. */
export const factsOf = (type: MediaType): MediaTypeFacts => MEDIA_TYPES[type];
