import { parseArgs } from 'node:util';
import { TopologyError } from './topology-error.js';

export interface PromoteOptions {
  /** `host:port` of the server that is to be the primary. */
  server: string;
  /** The operator's word that the old primary can take no write any more, and never will as a primary. */
  oldPrimaryIsGone: boolean;
  /** Servers that are left out of account, whatever only they have. */
  without: string[];
}

export interface RejoinOptions {
  server: string;
  /** Throw the server's data away and take those of the primary. */
  clone: boolean;
}

export type TopologyOptions =
  { command: 'status' } | ({ command: 'promote' } & PromoteOptions) | ({ command: 'rejoin' } & RejoinOptions);

export const USAGE =
  'usage: npm run mysql -- status | promote HOST:PORT [--old-primary-is-gone] [--without HOST:PORT]… | rejoin HOST:PORT [--clone]';

/**
 * Reads the command line.
 *
 * @returns `undefined` when help was asked for
 * @throws TopologyError
 */
export function parseOptions(args: readonly string[]): TopologyOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const [command, server, ...more] = positionals;
  const { 'old-primary-is-gone': oldPrimaryIsGone = false, without = [], clone = false } = values;
  const isForced = oldPrimaryIsGone || without.length > 0;
  if (command === 'status' && server === undefined && !isForced && !clone) return { command };
  if (more.length > 0 || server === undefined) throw new TopologyError(USAGE);
  if (command === 'promote' && !clone) return { command, server, oldPrimaryIsGone, without };
  if (command === 'rejoin' && !isForced) return { command, server, clone };
  throw new TopologyError(USAGE);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'old-primary-is-gone': { type: 'boolean' },
        without: { type: 'string', multiple: true },
        clone: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const [reason] = (error as Error).message.split(/[.\n]/, 1);
    throw new TopologyError(`${reason}; ${USAGE}`, { cause: error });
  }
}
