// npm test [-- Jest arguments]: every test, with services of its own that end with it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createBackend, type Backend } from '../lib/backend.ts';
import { ensureBuilt } from '../lib/build.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { ComposeBackend } from '../lib/compose.ts';
import { createControl } from '../lib/control.ts';
import { reserveTestPorts } from '../lib/free-ports.ts';
import { environmentOf } from '../lib/environment.ts';
import { acquireLock } from '../lib/lock.mjs';
import { instanceDirectory, root } from '../lib/paths.ts';
import { commandLine, processesWithEnvironment } from '../lib/proc.ts';
import { step } from '../lib/progress.ts';
import { clearCounts, sum, writeCounts, type Counts } from '../lib/results.ts';
import { StackError } from '../lib/stack-error.ts';
import { INSTANCE_VARIABLE, sweep } from '../lib/sweep.ts';
import { runJest, runStackTests } from '../lib/test-phases.ts';

const jestArguments = process.argv.slice(2);
const directory = instanceDirectory('test');
const shutdown = shutdownSignal();

/** A process that outlives this one, just long enough to end what this one could not. */
function startWatchdog(): void {
  const watchdog = spawn(process.execPath, [join(root, 'stack/watchdog.ts'), directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  watchdog.on('error', (error) => console.error(`The watchdog could not be started: ${error.message}`));
  watchdog.unref();
}

/** Starts the services; `env` tells what is run where they are. */
async function startServices(): Promise<{ backend: Backend; env: NodeJS.ProcessEnv }> {
  await sweep(directory); // an earlier run's, if even its watchdog was killed
  const control = createControl();
  const ports = await reserveTestPorts(control.server);
  const backend = await createBackend('test', ports);
  await backend.deleteData();
  startWatchdog();
  await backend.up();
  control.serve(backend);
  const env = {
    ...process.env,
    ...environmentOf(ports),
    [INSTANCE_VARIABLE]: directory,
    STACK_CONTROL_URL: control.url(),
    NODE_ENV: 'test',
  };
  return { backend, env };
}

/** Patterns come first: `--selectProjects` takes whatever follows it for a project. */
async function runPhases(env: NodeJS.ProcessEnv): Promise<Counts> {
  const options = { env, shutdown };
  const phases = [
    () => runJest('main', [...jestArguments, '--selectProjects', 'unit', 'integration', 'e2e'], options),
    () => runJest('failure', [...jestArguments, '--runInBand', '--selectProjects', 'failure'], options),
  ];
  if (jestArguments.length === 0) phases.unshift(() => runStackTests({ shutdown }));
  const counts: Counts[] = [];
  for (const phase of phases) {
    if (!shutdown.aborted) counts.push(await phase());
  }
  return sum(counts);
}

/** Tests must end what they start; what they left is named and counts as a failure. */
function countLeftovers(): Counts {
  const left = processesWithEnvironment(INSTANCE_VARIABLE, directory);
  for (const pid of left) console.error(`The tests left a process running: ${pid} (${commandLine(pid)})`);
  return { passed: 0, failed: left.length };
}

/** Rejects when the command is asked to end, so that a step which cannot be interrupted is not waited for. */
const interrupted = new Promise<never>((_, reject) =>
  shutdown.addEventListener('abort', () => reject(new StackError('The tests were interrupted')), { once: true }),
);
interrupted.catch(() => {}); // it is only ever raced

async function runTests(): Promise<Counts> {
  let backend: Backend | undefined;
  try {
    const started = await Promise.race([interrupted, startServices()]);
    backend = started.backend;
    return sum([await runPhases(started.env), countLeftovers()]);
  } finally {
    await step('Services ended', async () => {
      await sweep(directory); // killed: nobody reads their data again, and the logs stay for a look
      if (backend instanceof ComposeBackend) await backend.deleteData();
    });
  }
}

await runCommand(async () => {
  const lock = await acquireLock(join(root, 'test'), {
    purpose: 'npm test',
    wait: false,
    onHolder: ({ pid }) => console.error(`npm test runs already in this checkout (process ${pid})`),
  });
  if (lock === null) return 1;
  clearCounts('test');
  await Promise.race([interrupted, ensureBuilt()]);
  const counts = await runTests();
  if (shutdown.aborted) throw new StackError('The tests were interrupted');
  writeCounts('test', counts);
  console.log(`\nTests: ${counts.passed} passed, ${counts.failed} failed`);
  if (counts.passed + counts.failed === 0) throw new StackError('No test ran');
  return counts.failed === 0 ? 0 : 1;
});
