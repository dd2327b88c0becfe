// The application, in this process or in processes of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { INestApplication } from '@nestjs/common';
import { built } from './schema.ts';

const root = join(import.meta.dirname, '../..');

/** The application's settings as it reads them; untyped, as all that comes from the build. */
export async function configOf(env: NodeJS.ProcessEnv) {
  const [{ AppConfig }, { readEnv }] = await Promise.all([built('config/app-config'), built('config/read-env')]);
  return new AppConfig(readEnv(env));
}

/** Starts the API in this process, so that a benchmark can use the pool that its requests use. */
export async function startApi(env: NodeJS.ProcessEnv): Promise<{ app: INestApplication; url: string }> {
  await import('reflect-metadata');
  const config = await configOf(env);
  const [{ AppModule }, { createApplication }, { StructuredLogger }] = await Promise.all([
    built('app.module'),
    built('bootstrap'),
    built('infrastructure/logging/structured-logger'),
  ]);
  const app = await createApplication(AppModule.forRoot(config), config, new StructuredLogger(config, 'api'));
  await app.listen(0, '127.0.0.1');
  return { app, url: `http://127.0.0.1:${app.getHttpServer().address().port}` };
}

/** A process that listens. */
export interface Listening {
  child: ChildProcess;
  url: string;
}

/** Starts a worker in a process of its own. */
export const startWorker = (env: NodeJS.ProcessEnv) => startProcess('worker', env);

/** Starts the API or a worker in a process of its own. @param flags of Node */
export const startProcess = (
  name: 'main' | 'worker',
  env: NodeJS.ProcessEnv,
  flags: readonly string[] = [],
): Promise<Listening> => startListening([...flags, join(root, `dist/${name}.js`)], { ...env, LOG_LEVEL: 'info' });

/** Starts a program of this folder that listens and says so as the application does. */
export const startProgram = (name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Listening> =>
  startListening([join(import.meta.dirname, `${name}.ts`), ...args], env);

async function startListening(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Listening> {
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${command.at(-1)} ended with ${code}`)));
    const lines = createInterface(child.stdout!).on('line', (line) => {
      const address = /listening on (http:\/\/[^"\s]+)/.exec(line)?.[1];
      if (!address) return;
      lines.close();
      child.stdout!.resume(); // its log goes on, and is not worth the processor time
      resolve(address);
    });
  });
  return { child, url };
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** The sum of a process's samples whose line matches. */
export async function metric(url: string, sample: RegExp): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => sample.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Seconds of processor time that a process has used so far, in 10 ms steps: what a busy machine hardly changes. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
