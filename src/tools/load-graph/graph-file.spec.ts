import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { GraphFile } from './graph-file.js';

const CONTENT = Buffer.from(Array.from({ length: 5_000 }, (_, index) => `${index + 1}\t${index + 2}\n`).join(''));

describe(GraphFile.name, () => {
  let directory: string;
  beforeAll(async () => (directory = await mkdtemp(join(tmpdir(), 'graph-file-'))));
  afterAll(() => rm(directory, { recursive: true }));

  async function read(content: Buffer, name = 'graph'): Promise<Buffer> {
    const path = join(directory, name);
    await writeFile(path, content);
    const file = await GraphFile.open(path);
    return Buffer.concat(await Readable.from(file.chunks()).toArray());
  }

  it('goes by the content and not by the name', async () => {
    await expect(read(CONTENT, 'plain.gz')).resolves.toEqual(CONTENT);
    await expect(read(gzipSync(CONTENT), 'packed.txt')).resolves.toEqual(CONTENT);
    await expect(read(Buffer.from('1'), 'short')).resolves.toEqual(Buffer.from('1'));
    await expect(read(Buffer.alloc(0), 'empty')).resolves.toEqual(Buffer.alloc(0));
  });

  it('tells how much of the stored file has been read', async () => {
    const path = join(directory, 'counted');
    const packed = gzipSync(CONTENT);
    await writeFile(path, packed);
    const file = await GraphFile.open(path);
    expect([file.sizeBytes, file.readBytes]).toEqual([packed.length, 0]);
    await Readable.from(file.chunks()).toArray();
    expect(file.readBytes).toBe(packed.length);
  });

  it.each([3, 100, -1, -8])('notices a gzip file that was cut at %d', async (end) => {
    await expect(read(gzipSync(CONTENT).subarray(0, end))).rejects.toThrow('truncated or damaged; fetch it again');
  });

  it('notices a damaged gzip file', async () => {
    const packed = gzipSync(CONTENT);
    packed.fill(0xff, packed.length / 2, packed.length / 2 + 20);
    await expect(read(packed)).rejects.toThrow('truncated or damaged; fetch it again');
  });

  it('says what is wrong with a path', async () => {
    await expect(GraphFile.open(join(directory, 'none'))).rejects.toThrow(/none: there is no such file/);
    await expect(GraphFile.open(directory)).rejects.toThrow(/this is a directory/);
    await expect(GraphFile.open('/dev/null')).rejects.toThrow(/not a regular file/);
  });

  it('can be left in the middle', async () => {
    const path = join(directory, 'left');
    await writeFile(path, gzipSync(CONTENT));
    const file = await GraphFile.open(path);
    for await (const chunk of file.chunks()) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await file.close();
  });
});
