import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BucketLifecycleConfiguration, CORSConfiguration } from '@aws-sdk/client-s3';
import { OBJECT_STORE } from './environment.ts';
import { root } from './paths.ts';
import type { Ports } from './ports.ts';
import { runTool } from './processes.ts';
import { programCommand } from './programs.ts';
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

/** Makes the bucket and lets browsers upload to it; doing it again changes nothing. */
export async function ensureBucket(ports: Ports): Promise<void> {
  // Not at the top: what only asks for the status of the stack need not wait for the SDK to load.
  const { CreateBucketCommand, PutBucketCorsCommand, PutBucketLifecycleConfigurationCommand, S3Client } =
    await import('@aws-sdk/client-s3');
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${ports.objectStore}`,
    region: OBJECT_STORE.region,
    forcePathStyle: true,
    credentials: { accessKeyId: OBJECT_STORE.accessKey, secretAccessKey: OBJECT_STORE.secretKey },
    maxAttempts: 1, // whoever waits for the store asks again
  });
  const send = { abortSignal: AbortSignal.timeout(CHECK_TIMEOUT_MS) };
  const Bucket = OBJECT_STORE.bucket;
  try {
    await client.send(new CreateBucketCommand({ Bucket }), send);
    const CORSConfiguration = settings<CORSConfiguration>('cors');
    await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }), send);
    const LifecycleConfiguration = settings<BucketLifecycleConfiguration>('lifecycle');
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }), send);
  } finally {
    client.destroy();
  }
}

/** A file of the bucket's settings, as `aws s3api put-bucket-…` takes it too. */
const settings = <T>(name: string): T =>
  JSON.parse(readFileSync(join(root, `object-store/bucket-${name}.json`), 'utf8')) as T;
