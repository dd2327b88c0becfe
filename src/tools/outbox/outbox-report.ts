import type { JobDetails, JobGroup, JobSummary } from '../../infrastructure/outbox/outbox-jobs.repository.js';
import { formatDuration, plain, table } from './outbox-text.js';

/** Longest part of an error that a list shows. */
const ERROR_LENGTH = 60;

/** Pure: the lines that tell how many jobs wait. */
export function reportGroups(groups: readonly JobGroup[], nowMs: number): string[] {
  if (groups.length === 0) return ['no such jobs'];
  const rows = groups.map(({ lane, type, jobs, oldest }) => [lane, type, String(jobs), age(oldest, nowMs)]);
  return table([['lane', 'type', 'jobs', 'oldest'], ...rows]);
}

/** Pure: the lines that tell about jobs of a page. */
export function reportJobs(jobs: readonly JobSummary[], nowMs: number): string[] {
  const rows = jobs.map((job) => [
    job.id,
    job.lane,
    job.type,
    String(job.attempts),
    age(job.createdAt, nowMs),
    dueOf(job, nowMs),
    plain(job.lastError ?? '-').slice(0, ERROR_LENGTH),
  ]);
  return table([['id', 'lane', 'type', 'tries', 'age', 'next try', 'last error'], ...rows]);
}

/** Pure: all about one job. */
export function reportJob(job: JobDetails, nowMs: number): string[] {
  return table([
    ['id', job.id],
    ['type', job.type],
    [
      'state',
      job.state === 'finished' ? 'finished' : job.leased ? 'running' : job.lane === 'parked' ? 'parked' : 'waiting',
    ],
    ['lane', job.lane],
    ['stored', `${job.createdAt.toISOString()} (${age(job.createdAt, nowMs)} ago)`],
    ['next try', job.state === 'finished' ? '-' : dueOf(job, nowMs)],
    ['finished', job.finishedAt?.toISOString() ?? '-'],
    ['tries', String(job.attempts)],
    ['failed in a row', `${job.failures}, of which ${job.strikes} count; ${job.losses} workers vanished`],
    ['progress', plain(job.progress ?? '-')],
    ['last error', plain(job.lastError ?? '-')],
    ['payload', plain(JSON.stringify(job.payload))],
  ]);
}

function dueOf({ lane, leased, availableAt }: JobSummary, nowMs: number): string {
  if (lane === 'parked') return 'never';
  if (leased && availableAt.getTime() > nowMs) return 'running';
  return availableAt.getTime() <= nowMs ? 'now' : `in ${formatDuration(availableAt.getTime() - nowMs)}`;
}

const age = (since: Date, nowMs: number): string => formatDuration(Math.max(0, nowMs - since.getTime()));
