import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf } from './environment.ts';
import { root } from './paths.ts';
import { developmentPorts, parsePortOffset, type Ports } from './ports.ts';

/** Where the development services are, and what the programs that use them are told. */
export interface Development {
  ports: Ports;
  env: NodeJS.ProcessEnv;
}

/**
 * Reads what a person has set for the development services: in the environment, else in `.env`, which is part of this
 * process's environment from then on; what nobody has set is as the stack has it. Every command for these services begins
 * with it, or one would restart what another has started, with other settings. Tests do not: their services are their own.
 *
 * @throws StackError when STACK_PORT_OFFSET is none
 */
export function readDevelopment(dotEnv = join(root, '.env')): Development {
  if (existsSync(dotEnv)) process.loadEnvFile(dotEnv);
  const ports = developmentPorts(parsePortOffset(process.env.STACK_PORT_OFFSET));
  return { ports, env: { ...environmentOf(ports), ...process.env } };
}
