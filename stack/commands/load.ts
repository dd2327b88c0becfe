// npm run load -- --graph FILE: loads a follow graph into the development services.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from '../lib/build.ts';
import { runAtTerminal } from '../lib/child.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { environmentOf } from '../lib/environment.ts';
import { root } from '../lib/paths.ts';
import { developmentPorts, parsePortOffset } from '../lib/ports.ts';

/** A heap of this size holds a load with room to spare; left to itself, V8 lets garbage pile up to twice as much. */
const HEAP = ['--max-old-space-size=192', '--max-semi-space-size=4'];

await runCommand(async () => {
  if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
  const ports = developmentPorts(parsePortOffset(process.env.STACK_PORT_OFFSET));
  const shutdown = shutdownSignal();
  await ensureBuilt();
  return runAtTerminal([process.execPath, ...HEAP, 'dist/load.js', ...process.argv.slice(2)], {
    env: { ...environmentOf(ports), ...process.env },
    shutdown,
  });
});
