import { ORDINARY } from '../oracle/course.js';
import { runFeedProperty } from '../oracle/feed-property.js';

// `npm run property -- --operations N --seed N` sets them.
const OPERATIONS = Number(process.env['PROPERTY_OPERATIONS'] ?? 10_000);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 20_261_122);

/** Walks that may miss for a moment what their reader has just done, in ten thousand operations on two busy cores. */
const LATE_AT_MOST = 5;

describe('Feeds, whatever users do and whatever dies', () => {
  it('show what the contract says', async () => {
    const { problems, ...report } = await runFeedProperty({ seed: SEED, operations: OPERATIONS });
    process.stdout.write(`Feed property: ${JSON.stringify({ seed: SEED, ...report })}\n`);
    // In the first line of the failure, which is what reports show at the least.
    if (problems.length > 0) throw new Error(problems.slice(0, 20).join('\n'));
    const walks = new Set(report.late.map((problem) => problem.split(': missing')[0]));
    expect(walks.size <= LATE_AT_MOST * Math.max(1, OPERATIONS / 10_000) ? [] : report.late).toEqual([]);
    expect(report.operations).toBeGreaterThanOrEqual(OPERATIONS);
    // With fewer operations than CI runs there is no room for each.
    const missed = Object.entries(ORDINARY.faults).filter(([fault, weight]) => weight > 0 && !(fault in report.faults));
    expect(OPERATIONS >= 10_000 ? missed : []).toEqual([]);
  }, 7_200_000);
});
