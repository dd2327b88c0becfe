import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The checkout. */
export const ROOT = join(import.meta.dirname, '../..');

const execute = promisify(execFile);

/** The text of a page, or of one of its sections. @param section its heading, without the marks */
export function documentText(page: string, section?: string): string {
  const text = readFileSync(join(ROOT, page), 'utf8');
  if (section === undefined) return text;
  const [, rest] = text.split(`\n## ${section}\n`) as [string, string?];
  if (rest === undefined) throw new Error(`${page} has no section ${section}`);
  return rest.split('\n## ')[0]!;
}

/** Blocks of commands of a text, in their order; those of a list without its indentation. */
export const commandBlocks = (text: string): string[] =>
  Array.from(text.matchAll(/^( *)```sh\n([\s\S]*?)^\1```/gm), ([, indent, block]) =>
    block!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );

/**
 * Runs lines as somebody would who copies them.
 *
 * @param cwd another directory than the checkout
 * @returns what they print
 * @throws when one of them fails, or they take longer than a minute
 */
export async function runLines(lines: string, env: NodeJS.ProcessEnv, cwd = ROOT): Promise<string> {
  const options = { cwd, env, timeout: 60_000, maxBuffer: 64 * 1_024 ** 2 };
  return (await execute('bash', ['-euo', 'pipefail', '-c', lines], options)).stdout;
}
