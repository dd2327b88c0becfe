import { loadLuaScript, type LuaScript } from '../../infrastructure/redis/lua-script.js';

const script = (name: string): LuaScript => loadLuaScript(new URL(`./scripts/${name}.lua`, import.meta.url));

export const BEGIN_REBUILD = script('begin-rebuild-2');
export const FILL = script('fill-2');
export const WRITE = script('write-2');
