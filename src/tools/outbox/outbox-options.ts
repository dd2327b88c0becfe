import { parseArgs } from 'node:util';
import { isId, type Id } from '../../common/id.js';
import { LANES, type Lane } from '../../infrastructure/outbox/outbox-lanes.js';
import { OutboxError } from './outbox-error.js';

/** Where a page of the list ended. */
interface ListPosition {
  lane: Lane;
  type: string;
  id: Id;
}

export interface ListOptions {
  /** Only parked jobs; else every job that is not finished. */
  parked: boolean;
  type?: string;
  limit: number;
  after?: ListPosition;
}

export type OutboxOptions =
  | ({ command: 'list' } & ListOptions)
  | { command: 'show'; id: Id }
  | { command: 'retry'; ids: Id[] }
  | { command: 'retry-all'; type?: string };

/** A screen or two. */
const DEFAULT_LIMIT = 50;
/** What one answer of MySQL should hold at most; more are pages. */
const MAX_LIMIT = 1_000;

export const USAGE =
  'usage: npm run outbox -- list [--parked] [--type T] [--limit N] [--after LANE/TYPE/ID] | show ID | retry ID… | retry --all [--type T]';

/**
 * Reads the command line.
 *
 * @returns `undefined` when help was asked for
 * @throws OutboxError
 */
export function parseOptions(args: readonly string[]): OutboxOptions | undefined {
  const { values, positionals } = parse(args);
  const { help, all = false, parked = false, type, limit, after } = values;
  if (help) return undefined;
  const [command, ...ids] = positionals;
  const ofType = type === undefined ? {} : { type };
  const isListed = parked || limit !== undefined || after !== undefined;
  if (command === 'list' && ids.length === 0 && !all) {
    const from = after === undefined ? {} : { after: positionOf(after) };
    return { command, parked, ...ofType, limit: limitOf(limit), ...from };
  }
  if (isListed) throw new OutboxError(USAGE);
  if (command === 'retry' && all && ids.length === 0) return { command: 'retry-all', ...ofType };
  if (all || type !== undefined || ids.length === 0 || ids.length > MAX_LIMIT) throw new OutboxError(USAGE);
  for (const id of ids) if (!isId(id)) throw new OutboxError(`${JSON.stringify(id)} is no id of a job; ${USAGE}`);
  if (command === 'show' && ids.length === 1) return { command, id: ids[0]! };
  if (command === 'retry') return { command, ids: [...new Set(ids)] };
  throw new OutboxError(USAGE);
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new OutboxError(`--limit must be a whole number from 1 to ${MAX_LIMIT}`);
  return limit;
}

function positionOf(text: string): ListPosition {
  const [, lane, type, id] = /^([a-z]+)\/([^/]+)\/([0-9]+)$/.exec(text) ?? [];
  const known = LANES.find((one) => one === lane);
  if (!known || !isId(id!)) throw new OutboxError('--after must be what the page before said: LANE/TYPE/ID');
  return { lane: known, type: type!, id: id! };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        parked: { type: 'boolean' },
        type: { type: 'string' },
        limit: { type: 'string' },
        after: { type: 'string' },
        all: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const [reason] = (error as Error).message.split(/[.\n]/, 1);
    throw new OutboxError(`${reason}; ${USAGE}`, { cause: error });
  }
}
