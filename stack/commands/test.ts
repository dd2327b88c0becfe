// npm test [-- Jest arguments]: every test, with services of its own that end with it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bringUp } from '../lib/bring-up.ts';
import { ensureBuilt } from '../lib/build.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { createControl } from '../lib/control.ts';
import { reserveTestPorts } from '../lib/free-ports.ts';
import { Instance } from '../lib/instance.ts';
import { acquireLock } from '../lib/lock.mjs';
import { instanceDirectory, root } from '../lib/paths.ts';
import { commandLine } from '../lib/proc.ts';
import { step } from '../lib/progress.ts';
import { clearCounts, sum, writeCounts, type Counts } from '../lib/results.ts';
import { StackError } from '../lib/stack-error.ts';
import { INSTANCE_VARIABLE, processesOfRun, sweep } from '../lib/sweep.ts';
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

async function startServices(): Promise<{ instance: Instance; env: NodeJS.ProcessEnv }> {
  await sweep(directory); // an earlier run's, if even its watchdog was killed
  const control = createControl();
  const instance = new Instance('test', await reserveTestPorts(control.server));
  instance.deleteData();
  startWatchdog();
  await bringUp(instance);
  control.serve(instance);
  const env = {
    ...process.env,
    ...instance.env,
    [INSTANCE_VARIABLE]: directory,
    STACK_CONTROL_URL: control.url(),
    NODE_ENV: 'test',
  };
  return { instance, env };
}

async function runPhases(env: NodeJS.ProcessEnv): Promise<Counts> {
  const options = { env, shutdown };
  const phases = [
    () => runJest('main', ['--selectProjects', 'unit', 'integration', 'e2e', ...jestArguments], options),
    () => runJest('failure', ['--selectProjects', 'failure', '--runInBand', ...jestArguments], options),
  ];
  if (jestArguments.length === 0) phases.unshift(() => runStackTests({ shutdown }));
  const counts: Counts[] = [];
  for (const phase of phases) {
    if (!shutdown.aborted) counts.push(await phase());
  }
  return sum(counts);
}

/** Tests must end what they start; what they left is named and counts as a failure. */
function countLeftovers(instance: Instance): Counts {
  const services = new Set(instance.services.flatMap(({ pids }) => pids));
  const left = processesOfRun(directory).filter((pid) => !services.has(pid));
  for (const pid of left) console.error(`The tests left a process running: ${pid} (${commandLine(pid)})`);
  return { passed: 0, failed: left.length };
}

/** Rejects when the command is asked to end, so that a step which cannot be interrupted is not waited for. */
const interrupted = new Promise<never>((_, reject) =>
  shutdown.addEventListener('abort', () => reject(new StackError('The tests were interrupted')), { once: true }),
);
interrupted.catch(() => {}); // it is only ever raced

async function runTests(): Promise<Counts> {
  try {
    const { instance, env } = await Promise.race([interrupted, startServices()]);
    const counts = await runPhases(env);
    return sum([counts, countLeftovers(instance)]);
  } finally {
    await step('Services ended', async () => void (await sweep(directory)));
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
