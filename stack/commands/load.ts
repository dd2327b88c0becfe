// npm run load -- --graph FILE: loads a follow graph into the development services.
import { ensureBuilt } from '../lib/build.ts';
import { runAtTerminal } from '../lib/child.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { readDevelopment } from '../lib/development.ts';

/** A heap of this size holds a load with room to spare; left to itself, V8 lets garbage pile up to twice as much. */
const HEAP = ['--max-old-space-size=192', '--max-semi-space-size=4'];

await runCommand(async () => {
  const { env } = readDevelopment();
  const shutdown = shutdownSignal();
  await ensureBuilt();
  return runAtTerminal([process.execPath, ...HEAP, 'dist/load.js', ...process.argv.slice(2)], { env, shutdown });
});
