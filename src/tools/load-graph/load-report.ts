import type { Id } from '../../common/id.js';
import { DistinctCounter } from './distinct-counter.js';

/** Users whose changes are told apart; about 30 MB when full. */
const MAX_CHANGED_USERS = 500_000;

/** What a load has done so far. */
export class LoadReport {
  /** Number of the last line that was dealt with. */
  line = 0;
  badLines = 0;
  usersCreated = 0;
  usersExisting = 0;
  followsRead = 0;
  followsCreated = 0;
  /** Follows that were left out because one of the two accounts is deleted. */
  followsRefused = 0;
  readonly changedUsers = new DistinctCounter<Id>(MAX_CHANGED_USERS);
  /** Whether it came to the file's end. */
  isComplete = false;
}

export const withCommas = (value: number): string => Math.round(value).toLocaleString('en-US');

/** The lines that end a load. */
export function summaryOf(report: LoadReport, file: string, seconds: number): string {
  const { usersCreated, usersExisting, followsRead, followsCreated, followsRefused, changedUsers } = report;
  const followsExisting = followsRead - followsCreated - followsRefused;
  const cells = [usersCreated + usersExisting, usersCreated, usersExisting].map(withCommas);
  const followCells = [followsRead, followsCreated, followsExisting].map(withCommas);
  const row = (name: string, [read, created, existing]: string[]): string =>
    `  ${name.padEnd(8)}${read!.padStart(12)} read${created!.padStart(12)} new${existing!.padStart(12)} existing`;
  const least = changedUsers.isExact ? '' : 'at least ';
  return [
    `${file}: ${seconds.toFixed(1)} s, ${withCommas(followsRead / Math.max(seconds, 0.001))} follows/s`,
    row('users', cells),
    row('follows', followCells),
    ...(followsRefused > 0 ? [`  ${withCommas(followsRefused)} follows were left out: their users are deleted`] : []),
    `  ${withCommas(report.badLines)} bad lines were skipped`,
    `  feeds to be rebuilt: those that exist of ${least}${withCommas(changedUsers.count)} users whose follows changed`,
  ].join('\n');
}
