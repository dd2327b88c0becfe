// npm run outbox -- list | show ID | retry ID… | retry --all: what waits in the outbox of the development services.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from '../lib/build.ts';
import { nodeCommand, runAtTerminal } from '../lib/child.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { environmentOf } from '../lib/environment.ts';
import { root } from '../lib/paths.ts';
import { developmentPorts, parsePortOffset } from '../lib/ports.ts';

await runCommand(async () => {
  if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
  const ports = developmentPorts(parsePortOffset(process.env.STACK_PORT_OFFSET));
  const shutdown = shutdownSignal();
  await ensureBuilt();
  return runAtTerminal(nodeCommand('dist/outbox.js', ...process.argv.slice(2)), {
    env: { ...environmentOf(ports), ...process.env },
    shutdown,
  });
});
