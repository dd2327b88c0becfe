import { loadConfig } from './config/load-config.js';
import { runTopologyCommand } from './tools/mysql-topology/topology-command.js';
import { TopologyError } from './tools/mysql-topology/topology-error.js';
import { parseOptions, USAGE } from './tools/mysql-topology/topology-options.js';

/** `node dist/mysql.js status | promote HOST:PORT | rejoin HOST:PORT`: moves the primary; `npm run mysql` runs it. */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  return (await runTopologyCommand(options, loadConfig().mysql, print, stop.signal)) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof TopologyError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`mysql: ${text}\n`);
  process.exitCode = 1;
}
