// npm run soak [-- --minutes N --seed N]: users act while processes, MySQL and Redis are killed, frozen, cut off and restarted; then
// an oracle compares what was acknowledged with what is there. CI runs three minutes of one seed.
import { runCommand } from '../lib/command.ts';
import { runSeeded } from '../lib/seeded-run.ts';

await runCommand(() =>
  runSeeded({ command: 'soak', test: 'failure/soak', prefix: 'SOAK', option: 'minutes', usual: 30, most: 1_440 }),
);
