import { parseArgs } from 'node:util';
import { LoadError } from './load-error.js';

export interface LoadOptions {
  graph: string;
  /** Stop at the first bad line instead of skipping it. */
  strict: boolean;
}

export const USAGE = 'usage: npm run load -- --graph FILE [--strict]';

/**
 * Reads the command line.
 *
 * @returns `undefined` when help was asked for
 * @throws LoadError
 */
export function parseOptions(args: readonly string[]): LoadOptions | undefined {
  const { graph, strict = false, help = false } = parse(args);
  if (help) return undefined;
  if (!graph) throw new LoadError(`--graph is missing; ${USAGE}`);
  return { graph, strict };
}

function parse(args: readonly string[]): { graph?: string; strict?: boolean; help?: boolean } {
  try {
    return parseArgs({
      args: [...args],
      options: { graph: { type: 'string' }, strict: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    const [reason] = (error as Error).message.split(/[.\n]/, 1);
    throw new LoadError(`${reason}; ${USAGE}`, { cause: error });
  }
}
