// npm start: services, build, migrations, then the API and the worker, until Ctrl-C or SIGTERM.
import { join } from 'node:path';
import { createBackend, type Backend } from '../lib/backend.ts';
import { ensureBuilt } from '../lib/build.ts';
import { checkPort } from '../lib/check-port.ts';
import { nodeCommand, runAtTerminal } from '../lib/child.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';
import { readDevelopment } from '../lib/development.ts';
import { acquireLock } from '../lib/lock.mjs';
import { resolveMode } from '../lib/mode.ts';
import { root } from '../lib/paths.ts';
import { pollUntil } from '../lib/poll.ts';
import type { Ports } from '../lib/ports.ts';
import { step } from '../lib/progress.ts';
import { messageOf, StackError } from '../lib/stack-error.ts';
import { Supervisor } from '../lib/supervisor.ts';

const READY_TIMEOUT_MS = 60_000;
const PROBE_TIMEOUT_MS = 2_000;

const shutdown = shutdownSignal();
const interrupted = new Promise<never>((_, reject) =>
  shutdown.addEventListener('abort', () => reject(new StackError('Interrupted before everything was up')), {
    once: true,
  }),
);
interrupted.catch(() => {}); // it is only ever raced

async function bringServicesUp(backend: Backend): Promise<void> {
  const lock = await acquireLock(backend.directory, {
    purpose: 'npm start',
    onHolder: ({ pid, purpose }) => console.log(`Waiting for process ${pid} (${purpose}) …`),
  });
  try {
    await backend.up();
  } finally {
    lock.release();
  }
}

async function migrate(env: NodeJS.ProcessEnv): Promise<void> {
  await step('Migrations', async () => {
    const code = await runAtTerminal(nodeCommand('dist/migrate.js'), { env, shutdown });
    if (code !== 0) throw new StackError(`The migrations failed (exit code ${code}); their messages are above`);
  });
}

async function waitUntilReady(name: string, port: string): Promise<void> {
  const url = `http://127.0.0.1:${port}/health/ready`;
  const probe = async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    await response.body?.cancel();
  };
  try {
    await step(`${name} ready`, () => pollUntil(probe, { timeoutMs: READY_TIMEOUT_MS, everyMs: 100 }));
  } catch (error) {
    throw new StackError(`The ${name} is not ready (${url}): ${messageOf(error)}`, {
      advice: 'Its log is above.',
      cause: error,
    });
  }
}

/** @param grafana whether there is one: with Compose only */
const welcome = (api: string, worker: string, ports: Ports, grafana: boolean): string => `
API      http://127.0.0.1:${api}   (documentation: /docs, health: /health/ready)
Worker   http://127.0.0.1:${worker}   (health: /health/ready)
Mails    http://127.0.0.1:${ports.mailPage}
Metrics  http://127.0.0.1:${ports.prometheus}   (Prometheus), http://127.0.0.1:${ports.alertmanager} (Alertmanager)${grafana ? `, http://127.0.0.1:${ports.grafana} (Grafana)` : ''}
         exporters: http://127.0.0.1:${ports.mysqlExporter} (MySQL), http://127.0.0.1:${ports.redisExporter} (Redis), http://127.0.0.1:${ports.nodeExporter} (machine)

A first call:
  curl -s http://127.0.0.1:${api}/v1/auth/register -H 'content-type: application/json' \\
    -d '{"username":"ada","email":"ada@example.test","password":"a-long-password"}'

Ctrl-C stops the API and the worker; the services stay (npm run stack -- down).
`;

async function start(): Promise<void> {
  const { ports, env } = readDevelopment();
  const backend = await createBackend('development', ports);
  const { API_PORT: api, WORKER_PORT: worker } = env;
  await checkPort(backend.directory, 'the API', Number(api));
  await checkPort(backend.directory, 'the worker', Number(worker));
  await Promise.race([interrupted, bringServicesUp(backend)]);
  await Promise.race([interrupted, ensureBuilt()]);
  await migrate(env);

  const processes = [new Supervisor('api', 'dist/main.js', env), new Supervisor('worker', 'dist/worker.js', env)];
  try {
    for (const process of processes) process.start();
    await Promise.race([interrupted, Promise.all([waitUntilReady('API', api!), waitUntilReady('worker', worker!)])]);
    console.log(welcome(api!, worker!, ports, (await resolveMode()) === 'docker'));
    await interrupted.catch(() => console.log('Stopping the API and the worker …'));
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
}

await runCommand(async () => {
  const lock = await acquireLock(join(root, 'start'), {
    purpose: 'npm start',
    wait: false,
    onHolder: ({ pid }) => console.error(`npm start runs already in this checkout (process ${pid})`),
  });
  if (lock === null) return 1;
  await start();
  return 0;
});
