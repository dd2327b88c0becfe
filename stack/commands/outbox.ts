// npm run outbox -- list | show ID | retry ID… | retry --all: what waits in the outbox of the development services.
import { ensureBuilt } from '../lib/build.ts';
import { nodeCommand, runAtTerminal } from '../lib/child.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { readDevelopment } from '../lib/development.ts';

await runCommand(async () => {
  const { env } = readDevelopment();
  const shutdown = shutdownSignal();
  await ensureBuilt();
  return runAtTerminal(nodeCommand('dist/outbox.js', ...process.argv.slice(2)), { env, shutdown });
});
