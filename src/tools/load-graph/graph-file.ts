import { type FileHandle, open } from 'node:fs/promises';
import type { ReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LoadError } from './load-error.js';

/** The first two bytes of every gzip file; RFC 1952, 2.3.1. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** What went wrong, by the code of Node's file system and zlib, as a sentence that follows the file's name. */
const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file; check the path',
  ENOTDIR: 'there is no such file; check the path',
  EISDIR: 'this is a directory; give the graph file itself',
  EACCES: 'the file may not be read; check its permissions',
  EPERM: 'the file may not be read; check its permissions',
  Z_BUF_ERROR: 'the gzip file is truncated or damaged; fetch it again',
  Z_DATA_ERROR: 'the gzip file is truncated or damaged; fetch it again',
};

/** A graph file, plain or gzip whatever its name, read in pieces. */
export class GraphFile {
  private source?: ReadStream;

  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    /** Size of the file as it is stored. */
    readonly sizeBytes: number,
    private readonly isGzip: boolean,
  ) {}

  /** @throws LoadError when it cannot be read */
  static async open(path: string): Promise<GraphFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path);
      const stats = await handle.stat();
      if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      if (!stats.isFile()) throw new LoadError(`${path}: this is not a regular file; give the graph file itself`);
      const head = Buffer.alloc(GZIP_MAGIC.length);
      await handle.read(head, 0, head.length, 0);
      return new GraphFile(path, handle, stats.size, head.equals(GZIP_MAGIC));
    } catch (error) {
      await handle?.close();
      throw readError(path, error);
    }
  }

  /** How far the file, as it is stored, has been read. */
  get readBytes(): number {
    return this.source?.bytesRead ?? 0;
  }

  /**
   * The unpacked content, once. The file is closed at the end, however that comes.
   *
   * @throws LoadError when it is truncated or damaged
   */
  async *chunks(): AsyncGenerator<Buffer> {
    this.source = this.handle.createReadStream({ start: 0 });
    // The callback has nothing to do: an error destroys the last stream with it, and the loop below throws it.
    const content = this.isGzip ? pipeline(this.source, createGunzip(), () => undefined) : this.source;
    try {
      for await (const chunk of content) yield chunk as Buffer;
    } catch (error) {
      throw readError(this.path, error);
    }
  }

  /** For a file whose content is not read to its end. */
  async close(): Promise<void> {
    await this.handle.close();
  }
}

function readError(path: string, error: unknown): LoadError {
  if (error instanceof LoadError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new LoadError(`${path}: ${REASONS[code] ?? `the file cannot be read: ${message}`}`, { cause: error });
}
