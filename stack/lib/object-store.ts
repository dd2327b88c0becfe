import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OBJECT_STORE } from './environment.ts';
import { root } from './paths.ts';
import type { Ports } from './ports.ts';
import { runTool } from './processes.ts';
import { programCommand } from './programs.ts';
import { sendSigned } from './s3-request.ts';
import type { ServiceDefinition } from './service.ts';
import { StackError } from './stack-error.ts';

/** radosgw-admin takes a fraction of a second, but now and then hangs at its end: it is then killed and begun anew. */
const ADMIN_TIMEOUT_MS = 10_000;
const ADMIN_TRIES = 3;
const CHECK_TIMEOUT_MS = 5_000;
const configurationFile = join(root, 'object-store/radosgw.conf');
const identity = ['-c', configurationFile, '-n', 'client.rgw.local'];

/** radosgw with its data in its working directory, as its configuration file says. */
export function objectStore(directory: string, ports: Ports): ServiceDefinition {
  const home = join(directory, 'object-store');
  const data = join(home, 'data');
  const marker = join(home, '.initialised');
  return {
    name: 'object-store',
    ports: [ports.objectStore],
    directory: home,
    workingDirectory: data,
    configuration: readFileSync(configurationFile, 'utf8'),
    command: [
      ...programCommand('radosgw'),
      ...identity,
      '-f',
      `--rgw_frontends=beast endpoint=127.0.0.1:${ports.objectStore}`,
    ],
    async prepare() {
      if (existsSync(marker)) return;
      await createUser(data);
      writeFileSync(marker, '');
    },
    async check() {
      const response = await fetch(`http://127.0.0.1:${ports.objectStore}/`, {
        signal: AbortSignal.timeout(CHECK_TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
    },
  };
}

/** Makes a new store in `data`, with the one user that signs requests. */
async function createUser(data: string): Promise<void> {
  const user = ['user', 'create', '--uid=sns', '--display-name=SNS'];
  const keys = [`--access-key=${OBJECT_STORE.accessKey}`, `--secret-key=${OBJECT_STORE.secretKey}`];
  const command = [...programCommand('radosgw-admin'), ...identity, ...user, ...keys];
  for (let attempt = 1; ; attempt++) {
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data, { recursive: true });
    try {
      await runTool(command, { workingDirectory: data, timeoutMs: ADMIN_TIMEOUT_MS });
      return;
    } catch (error) {
      if (attempt < ADMIN_TRIES) continue;
      throw new StackError(`radosgw-admin could not make the store's user, in ${ADMIN_TRIES} tries`, {
        advice: 'Run the command again; if it goes on, `npm run stack -- reset` begins anew.',
        cause: error,
      });
    }
  }
}

/** Makes the bucket; making it again changes nothing. */
export async function ensureBucket(ports: Ports): Promise<void> {
  const endpoint = `http://127.0.0.1:${ports.objectStore}`;
  const response = await sendSigned({ endpoint, ...OBJECT_STORE }, 'PUT', `/${OBJECT_STORE.bucket}`);
  if (!response.ok) throw new Error(`the bucket ${OBJECT_STORE.bucket} was refused: ${await response.text()}`);
}
