// npm run fuzz [-- --requests N --seed N]: sends every route requests made of its schema and of what no schema allows; CI
// sends those of one seed.
import { runCommand } from '../lib/command.ts';
import { runSeeded } from '../lib/seeded-run.ts';

await runCommand(() =>
  runSeeded({
    command: 'fuzz',
    test: 'security/fuzz',
    prefix: 'FUZZ',
    option: 'requests',
    usual: 100_000,
    most: 100_000_000,
  }),
);
