// npm test [-- Jest arguments]: every test, with services of its own that end with it.
import { join } from 'node:path';
import type { Backend } from '../lib/backend.ts';
import { ensureBuilt } from '../lib/build.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { acquireLock } from '../lib/lock.mjs';
import { root } from '../lib/paths.ts';
import { commandLine, processesWithEnvironment } from '../lib/proc.ts';
import { clearCounts, sum, writeCounts, type Counts } from '../lib/results.ts';
import { StackError } from '../lib/stack-error.ts';
import { INSTANCE_VARIABLE } from '../lib/sweep.ts';
import { runJest, runStackTests } from '../lib/test-phases.ts';
import { endTestServices, startTestServices, testDirectory } from '../lib/test-services.ts';

const jestArguments = process.argv.slice(2);
const shutdown = shutdownSignal();

/** Patterns come first: `--selectProjects` takes whatever follows it for a project. */
async function runPhases(env: NodeJS.ProcessEnv): Promise<Counts> {
  const options = { env, shutdown };
  if (process.env['TEST_PROJECT'] !== undefined) {
    // One that takes too long to be part of every run; see `mutants.ts`.
    const project = process.env['TEST_PROJECT'];
    return runJest(project, [...jestArguments, '--runInBand', '--selectProjects', project], options);
  }
  const phases = [
    () => runJest('main', [...jestArguments, '--selectProjects', 'unit', 'integration', 'e2e', 'security'], options),
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
  const left = processesWithEnvironment(INSTANCE_VARIABLE, testDirectory);
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
    const started = await Promise.race([interrupted, startTestServices()]);
    backend = started.backend;
    return sum([await runPhases(started.env), countLeftovers()]);
  } finally {
    await endTestServices(backend);
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
