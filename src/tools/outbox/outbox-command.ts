import { NestFactory } from '@nestjs/core';
import { AppError } from '../../common/app-error.js';
import type { AppConfig } from '../../config/app-config.js';
import { databaseDown, reachPrimary } from '../primary-at-hand.js';
import { OutboxCommandModule } from './outbox-command.module.js';
import { OutboxError } from './outbox-error.js';
import { OutboxOperator } from './outbox-operator.js';
import type { ListOptions, OutboxOptions } from './outbox-options.js';
import { reportGroups, reportJob, reportJobs } from './outbox-report.js';
import { plain } from './outbox-text.js';

/**
 * Carries out a command and prints what it finds and does, a line each.
 *
 * @returns whether all was done that was asked for
 * @throws OutboxError
 */
export async function runOutboxCommand(
  options: OutboxOptions,
  config: AppConfig,
  print: (line: string) => void,
): Promise<boolean> {
  const root = OutboxCommandModule.forRoot(config);
  const app = await NestFactory.createApplicationContext(root, { logger: ['error'], abortOnError: false });
  try {
    const problem = await reachPrimary(app, config);
    if (problem !== undefined) throw new OutboxError(problem);
    return await run(options, app.get(OutboxOperator), print);
  } catch (error) {
    if (error instanceof AppError) throw new OutboxError(databaseDown(config), { cause: error });
    throw error;
  } finally {
    await app.close();
  }
}

async function run(options: OutboxOptions, jobs: OutboxOperator, print: (line: string) => void): Promise<boolean> {
  switch (options.command) {
    case 'list':
      await list(options, jobs, print);
      return true;
    case 'show': {
      const job = await jobs.show(options.id);
      if (!job) throw new OutboxError(`there is no job ${options.id}; finished ones are removed after a while`);
      for (const line of reportJob(job, Date.now())) print(line);
      return true;
    }
    case 'retry': {
      const { retried, others } = await jobs.retry(options.ids);
      for (const other of others) print(other);
      print(`${retried} of ${options.ids.length} jobs are due now`);
      return retried === options.ids.length;
    }
    case 'retry-all': {
      const retried = await jobs.retryParked(options.type, (soFar) => print(`${soFar} jobs are due now`));
      if (retried === 0) print('no such jobs are parked');
      return true;
    }
  }
}

async function list(options: ListOptions, operator: OutboxOperator, print: (line: string) => void): Promise<void> {
  const { groups, jobs, isFull } = await operator.list(options);
  const nowMs = Date.now();
  for (const line of reportGroups(groups, nowMs)) print(line);
  if (jobs.length === 0) return;
  print('');
  for (const line of reportJobs(jobs, nowMs)) print(line);
  if (!isFull) return;
  const { lane, type, id } = jobs.at(-1)!;
  const same = `${options.parked ? ' --parked' : ''}${options.type === undefined ? '' : ` --type ${plain(options.type)}`}`;
  print(`more: npm run outbox -- list${same} --limit ${options.limit} --after ${lane}/${type}/${id}`);
}
