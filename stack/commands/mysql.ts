// npm run mysql -- status | promote HOST:PORT | rejoin HOST:PORT: who the primary of the development services is.
import { ensureBuilt } from '../lib/build.ts';
import { nodeCommand, runAtTerminal } from '../lib/child.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { readDevelopment } from '../lib/development.ts';

await runCommand(async () => {
  const { env } = readDevelopment();
  const shutdown = shutdownSignal();
  await ensureBuilt();
  return runAtTerminal(nodeCommand('dist/mysql.js', ...process.argv.slice(2)), { env, shutdown });
});
