// npm run property [-- --operations N --seed N]: compares feeds with an oracle while users do random things and processes
// die, for as long as is asked for; CI runs 10,000 operations of one seed.
import { runCommand } from '../lib/command.ts';
import { runSeeded } from '../lib/seeded-run.ts';

await runCommand(() =>
  runSeeded({
    command: 'property',
    test: 'feed-property',
    prefix: 'PROPERTY',
    option: 'operations',
    usual: 200_000, // enough for an hour or so
    most: 100_000_000,
  }),
);
