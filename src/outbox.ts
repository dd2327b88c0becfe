import 'reflect-metadata';
import { loadConfig } from './config/load-config.js';
import { runOutboxCommand } from './tools/outbox/outbox-command.js';
import { OutboxError } from './tools/outbox/outbox-error.js';
import { parseOptions, USAGE } from './tools/outbox/outbox-options.js';

/** `node dist/outbox.js list | show ID | retry ID… | retry --all`: what waits in the outbox; `npm run outbox` runs it. */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  return (await runOutboxCommand(options, loadConfig(), print)) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof OutboxError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`outbox: ${text}\n`);
  process.exitCode = 1;
}
