import type { Member } from './api-client.js';
import type { Post } from './contract.js';

/** What the API answers to who wants to upload, from the contract. */
export interface IssuedUpload {
  key: string;
  url: string;
  method: string;
  headers: Record<string, string>;
  expiresAt: string;
}

/** The same for an upload in parts. */
export interface IssuedParts {
  key: string;
  partSize: number;
  parts: { partNumber: number; url: string; method: string; size: number }[];
  expiresAt: string;
}

/** A file as a client has it. */
export interface TestFile {
  fileName: string;
  contentType: string;
  body: Uint8Array<ArrayBuffer>;
}

const fromHex = (...hex: string[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex.join(''), 'hex'));

/** A whole PNG of one pixel. */
const PIXEL = fromHex(
  '89504e470d0a1a0a0000000d49484452000000010000000108020000009077',
  '53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082',
);
/** The first bytes of an MP4. */
const FTYP = fromHex('00000018667479706d703432000000006d70343269736f6d');

/** A file that begins with `head` and has `bytes` bytes. */
function padded(head: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(Math.max(bytes, head.length));
  body.set(head);
  return body;
}

/** A picture that browsers show. */
export const png = (bytes = 0): TestFile => ({
  fileName: 'pixel.png',
  contentType: 'image/png',
  body: padded(PIXEL, bytes),
});

export const mp4 = (bytes = 0): TestFile => ({
  fileName: 'film.mp4',
  contentType: 'video/mp4',
  body: padded(FTYP, bytes),
});

export const textAs = (contentType: string, text: string): TestFile => ({
  fileName: 'page.html',
  contentType,
  body: new TextEncoder().encode(text),
});

/** Asks for addresses to upload files to. */
export async function askFor(member: Member, files: readonly TestFile[]): Promise<IssuedUpload[]> {
  const body = {
    files: files.map(({ fileName, contentType, body: { length: size } }) => ({ fileName, contentType, size })),
  };
  const options = { token: member.token, body };
  const answer = await member.api.expect<{ uploads: IssuedUpload[] }>(201, 'POST', '/v1/media/uploads', options);
  return answer.body.uploads;
}

/** Sends a file to where it was asked to go. @returns the status of the store's answer */
export async function send(
  { url, method, headers }: Pick<IssuedUpload, 'url' | 'method' | 'headers'>,
  body: Uint8Array<ArrayBuffer>,
): Promise<number> {
  const response = await fetch(url, { method, headers, body });
  await response.arrayBuffer();
  return response.status;
}

/** Uploads files. @returns their keys */
export async function upload(member: Member, ...files: TestFile[]): Promise<string[]> {
  const issued = await askFor(member, files);
  for (const [index, one] of issued.entries()) expect(await send(one, files[index]!.body)).toBe(200);
  return issued.map(({ key }) => key);
}

export async function postWith(member: Member, mediaKeys: string[], content = ''): Promise<Post> {
  const options = { token: member.token, body: { content, mediaKeys } };
  return (await member.api.expect<Post>(201, 'POST', '/v1/posts', options)).body;
}

/** What the store holds at an address. */
export async function load(url: string): Promise<{ status: number; headers: Headers; body: Uint8Array }> {
  const response = await fetch(url);
  return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) };
}

/** A small film whose only part is uploaded, as it is completed: a store takes a last part of any size. */
export async function uploadedInParts(
  member: Member,
  { fileName, contentType, body }: TestFile = mp4(),
): Promise<{ key: string; parts: { partNumber: number; etag: string }[] }> {
  const options = { token: member.token, body: { fileName, contentType, size: body.length } };
  const begun = await member.api.expect<IssuedParts>(201, 'POST', '/v1/media/multipart-uploads', options);
  const { key, partSize, parts } = begun.body;
  const sent = parts.map(async ({ partNumber, url, size }) => {
    const from = (partNumber - 1) * partSize;
    const response = await fetch(url, { method: 'PUT', body: body.slice(from, from + size) });
    expect(response.status).toBe(200);
    return { partNumber, etag: response.headers.get('etag')! };
  });
  return { key, parts: await Promise.all(sent) };
}
