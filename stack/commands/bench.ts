// npm run bench [-- NAME] [options]: runs bench/NAME.ts, or every benchmark one after the other, on services that end with it, and
// makes bench/results/report.html of all results that there are. The options are those of bench/lib/options.ts.
// npm run bench -- failures: the tests of failing Redis nodes, with the load that the figures of docs/performance.md are of.
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeReport } from '../../bench/lib/report.ts';
import type { Backend } from '../lib/backend.ts';
import { ensureBuilt } from '../lib/build.ts';
import { nodeCommand, runAtTerminal } from '../lib/child.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { acquireLock } from '../lib/lock.mjs';
import { root } from '../lib/paths.ts';
import { StackError } from '../lib/stack-error.ts';
import { endTestServices, startTestServices } from '../lib/test-services.ts';

const directory = join(root, 'bench');
const shutdown = shutdownSignal();
const given = process.argv.slice(2);
const name = given[0]?.startsWith('-') ? undefined : given[0];
const args = name === undefined ? given : given.slice(1);

/** Computed from the results of the others, without services. */
const COMPUTED = 'capacity';
const measured = readdirSync(directory)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((file) => file !== COMPUTED)
  .toSorted();
const all = [...measured, COMPUTED];

const FAILURES: NodeJS.ProcessEnv = { FAILURES_PER_SECOND: '200', FAILURES_SECONDS: '60' };

await runCommand(async () => {
  if (name === 'failures') {
    const env = { ...process.env, ...FAILURES };
    return runAtTerminal(nodeCommand('stack/commands/test.ts', 'redis-nodes'), { env, shutdown });
  }
  if (name !== undefined && !existsSync(join(directory, `${name}.ts`))) {
    throw new StackError(`There is no benchmark ${name}; there are: ${[...all, 'failures'].join(', ')}`);
  }
  const runOne = (each: string, env = process.env): Promise<number> =>
    runAtTerminal(nodeCommand('--enable-source-maps', `bench/${each}.ts`, ...args), { env, shutdown });
  if (name === COMPUTED) {
    const code = await runOne(name);
    if (code === 0) console.log(`Report: ${writeReport()}`);
    return code;
  }
  const chosen = name === undefined ? all : [name];
  if (name === undefined) console.log(`Benchmarks: ${all.join(', ')}; and failures, which is for itself`);
  const lock = await acquireLock(join(root, 'test'), {
    purpose: 'npm run bench',
    wait: false,
    onHolder: ({ pid }) => console.error(`Tests or benchmarks run already in this checkout (process ${pid})`),
  });
  if (lock === null) return 1;
  await ensureBuilt();
  mkdirSync(join(directory, 'results'), { recursive: true });
  let backend: Backend | undefined;
  try {
    const services = await startTestServices();
    backend = services.backend;
    for (const each of chosen) {
      if (shutdown.aborted) break;
      if (chosen.length > 1) console.log(`\n${each}`);
      const code = await runOne(each, services.env);
      if (code !== 0) return code;
    }
    console.log(`Report: ${writeReport()}`);
    return shutdown.aborted ? 1 : 0;
  } finally {
    await endTestServices(backend);
  }
});
