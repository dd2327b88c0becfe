import { runSoak } from '../soak/soak.js';
import { FAULT_KINDS } from '../soak/soak-schedule.js';

// `npm run soak -- --minutes N --seed N` sets them.
const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 3);
const SEED = Number(process.env['SOAK_SEED'] ?? 20_261_123);

describe('Whatever is killed, frozen, cut off and restarted under load', () => {
  it('every write that was acknowledged is there, once, and everything agrees on it', async () => {
    const { problems, report, actions } = await runSoak(SEED, MINUTES * 60);
    process.stdout.write(`Soak: seed ${SEED}, ${MINUTES} minutes, ${actions} actions\n${report.text()}\n`);
    // In the first line of the failure, which is what reports show at the least.
    if (problems.length > 0) throw new Error(problems.slice(0, 20).join('\n'));
    expect(report.requests).toBeGreaterThan(MINUTES * 300);
    // In three minutes there is room for each.
    expect(FAULT_KINDS.filter((kind) => MINUTES >= 3 && !report.faults.includes(kind))).toEqual([]);
  }, 86_400_000);
});
