// Services of a run of its own: on free ports, in a directory of its own, gone with it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createBackend, type Backend } from './backend.ts';
import { ComposeBackend } from './compose.ts';
import { createControl } from './control.ts';
import { environmentOf } from './environment.ts';
import { reserveTestPorts } from './free-ports.ts';
import { instanceDirectory, root } from './paths.ts';
import { sparePort } from './ports.ts';
import { writeProgramPath } from './program-path.ts';
import { step } from './progress.ts';
import { INSTANCE_VARIABLE, sweep } from './sweep.ts';

/** Where the services of a run lie; one run at a time in a checkout. */
export const testDirectory = instanceDirectory('test');

/** A process that outlives this one, just long enough to end what this one could not. */
function startWatchdog(): void {
  const watchdog = spawn(process.execPath, [join(root, 'stack/watchdog.ts'), testDirectory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  watchdog.on('error', (error) => console.error(`The watchdog could not be started: ${error.message}`));
  watchdog.unref();
}

/** Starts the services; `env` tells what is run where they are. */
export async function startTestServices(): Promise<{ backend: Backend; env: NodeJS.ProcessEnv }> {
  await sweep(testDirectory); // an earlier run's, if even its watchdog was killed
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
    [INSTANCE_VARIABLE]: testDirectory,
    STACK_CONTROL_URL: control.url(),
    STACK_PROMETHEUS_URL: `http://127.0.0.1:${ports.prometheus}`,
    STACK_ALERTMANAGER_URL: `http://127.0.0.1:${ports.alertmanager}`,
    STACK_MAIL_URL: `http://127.0.0.1:${ports.mailPage}`,
    STACK_SPARE_PORT: String(sparePort(ports)),
    ...(backend instanceof ComposeBackend ? {} : { STACK_PROGRAM_PATH: writeProgramPath(testDirectory) }),
    NODE_ENV: 'test',
  };
  return { backend, env };
}

/** Ends the services, and whatever else the run has left. */
export async function endTestServices(backend: Backend | undefined): Promise<void> {
  await step('Services ended', async () => {
    await sweep(testDirectory); // killed: nobody reads their data again, and the logs stay for a look
    if (backend instanceof ComposeBackend) await backend.deleteData();
  });
}
