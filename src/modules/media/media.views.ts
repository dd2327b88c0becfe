import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/app-config.js';
import { PresignedUrls, Validity } from '../../infrastructure/storage/presigned-urls.js';

/** Signed addresses that a process remembers, at about 600 bytes each: those of a few hundred pages. */
const MAX_REMEMBERED = 20_000;

/** The door for other modules to the addresses of media. They are made when something is shown, and never stored. */
@Injectable()
export class MediaViews {
  /** Of the present period; signing one takes half a millisecond. */
  private remembered = new Map<string, Promise<string>>();
  private periodBegan = 0;

  constructor(
    private readonly presigned: PresignedUrls,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** Addresses of objects by their keys; a key that is `null` is left out. */
  async urls(keys: Iterable<string | null>): Promise<Map<string, string>> {
    const named = new Set([...keys].filter((key) => key !== null));
    return new Map(
      await Promise.all([...named].map(async (key): Promise<[string, string]> => [key, await this.url(key)])),
    );
  }

  /**
   * The same for every reader, and for a while, so that browsers and proxies keep what it leads to: signed as of the
   * beginning of a period that is half as long as it lasts.
   */
  private url(key: string): Promise<string> {
    const { publicUrl, urlTtlMs } = this.config.media;
    if (publicUrl !== '') return Promise.resolve(`${publicUrl}/${key}`);
    const periodMs = urlTtlMs / 2;
    const began = Math.floor(this.clock.nowMs() / periodMs) * periodMs;
    if (began !== this.periodBegan || this.remembered.size >= MAX_REMEMBERED) {
      this.remembered = new Map();
      this.periodBegan = began;
    }
    const known = this.remembered.get(key);
    if (known) return known;
    const signed = this.presigned.get(key, new Validity(began, urlTtlMs));
    this.remembered.set(key, signed);
    signed.catch(() => this.remembered.delete(key)); // the next reader tries again
    return signed;
  }
}
