import 'reflect-metadata';
import { constants } from 'node:os';
import { loadConfig } from './config/load-config.js';
import { loadGraph } from './tools/load-graph/load-command.js';
import { LoadError } from './tools/load-graph/load-error.js';
import { parseOptions, USAGE } from './tools/load-graph/load-options.js';

/** `node dist/load.js --graph FILE [--strict]`: loads a follow graph; `npm run load` runs it. */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const stop = new AbortController();
  // Ctrl-C reaches this process several times, from the terminal and from npm; once is enough.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));
  if (await loadGraph(options, loadConfig(), stop.signal)) return 0;
  return 128 + constants.signals[stop.signal.reason as NodeJS.Signals];
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof LoadError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`load: ${text}\n`);
  process.exitCode = 1;
}
