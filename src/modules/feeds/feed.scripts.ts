import { loadLuaScript, type LuaScript } from '../../infrastructure/redis/lua-script.js';

const script = (name: string): LuaScript =>
  loadLuaScript(new URL('./scripts/sentinel.lua', import.meta.url), new URL(`./scripts/${name}.lua`, import.meta.url));

export const PUSH = script('push-n');
export const ADD = script('add-1');
export const PAGE = script('page-1');
export const BEGIN_BUILD = script('begin-build-1');
export const COMPLETE_BUILD = script('complete-build-1');
export const PULL = script('pull-1');
export const REPAIR = script('repair-1');
export const REMOVE = script('remove-n');
export const SWEEP = script('sweep-1');
export const RECORD_READING = script('record-reading-1');
