// The door of every npm script: `node stack/run.mjs <command> [arguments]`. Runs on any Node from 20 on, without
// dependencies: installs them when needed, then runs the command on the Node that the project brings.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './lib/dependencies.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const COMMANDS = [
  'start',
  'test',
  'stack',
  'load',
  'mysql',
  'outbox',
  'check',
  'property',
  'mutants',
  'fuzz',
  'soak',
  'bench',
];

const fail = (message) => {
  console.error(message);
  process.exit(1);
};

const [command, ...args] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node 20 or newer is needed; this is ${process.version}`);
if (!COMMANDS.includes(command)) fail(`unknown command ${command ?? ''}: one of ${COMMANDS.join(', ')} is needed`);
const file = join(root, 'stack/commands', `${command}.ts`);
if (!existsSync(file)) fail(`npm run ${command} is not built yet`);

await ensureInstalled(root).catch((error) => fail(`The dependencies could not be installed: ${error.message}`));

// The channel lets the command notice that this process was killed (see lib/command.ts).
const child = spawn(join(root, 'node_modules/.bin/node'), [file, ...args], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));

// npm killed by SIGKILL forwards nothing; its death is seen by becoming somebody else's child (the scripts `exec`
// this program, so that npm and not a shell is its parent).
if (process.env.npm_lifecycle_event) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 1000).unref();
}

child.on('error', (error) => fail(`The project's Node could not be run: ${error.message}`));
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
