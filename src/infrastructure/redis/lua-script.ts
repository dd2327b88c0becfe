import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A server-side script, sent by its digest. Scripts are files named `name-<number of keys>.lua`, `n` for any number. */
export interface LuaScript {
  source: string;
  /** SHA-1 of the source, by which Redis knows a script it has seen. */
  sha: string;
}

/**
 * Loads a script that lies beside the module that uses it.
 *
 * @param urls the files in the order in which they are joined: shared functions first, the script itself last
 */
export function loadLuaScript(...urls: URL[]): LuaScript {
  const source = urls.map((url) => readFileSync(url, 'utf8')).join('\n');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
