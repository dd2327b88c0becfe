// npm run mutants [-- -t 'part of a name']: puts one mistake after the other into a copy of the feed engine, each of which the property
// test of feeds must find, while it finds nothing in the engine itself. Ten minutes and more, so not part of `npm test`.
import { nodeCommand, runAtTerminal } from '../lib/child.ts';
import { runCommand, shutdownSignal } from '../lib/command.ts';

await runCommand(() =>
  runAtTerminal(nodeCommand('stack/commands/test.ts', ...process.argv.slice(2)), {
    env: { ...process.env, TEST_PROJECT: 'mutants' },
    shutdown: shutdownSignal(),
  }),
);
