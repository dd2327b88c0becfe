import type { LuaScript } from './lua-script.js';

/** One command, with the key that decides its node. */
export interface RedisCommand {
  name: string;
  /** All keys of a command lie in one slot; the first one decides. */
  key: string;
  args: (string | number)[];
  /** Source of the script, sent when a node has forgotten its digest. */
  script?: LuaScript;
  /** Not idempotent, such as an increment: never sent again when it may have been carried out. */
  once?: boolean;
  /** What makes it harmless that it is carried out late: sent behind it on the same connection when its answer does not come in time. */
  ifLate?: RedisCommand;
}

/** A command whose key is its first argument. */
export function keyCommand(name: string, key: string, ...args: (string | number)[]): RedisCommand {
  return { name, key, args: [key, ...args] };
}

/**
 * A call of a script.
 *
 * @param keys at least one, all in one slot
 */
export function scriptCommand(script: LuaScript, keys: string[], args: (string | number)[]): RedisCommand {
  return { name: 'evalsha', key: keys[0]!, args: [script.sha, keys.length, ...keys, ...args], script };
}

/** The same call with the source in place of the digest. */
export function withSource(command: RedisCommand): RedisCommand {
  if (!command.script) return command;
  return { ...command, name: 'eval', args: [command.script.source, ...command.args.slice(1)] };
}
