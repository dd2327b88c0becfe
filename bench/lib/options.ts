// What may follow the name of a benchmark. Each takes all of these, so that `npm run bench -- --quick` runs every one.
import { parseArgs } from 'node:util';

const USAGE =
  'usage: npm run bench [-- NAME] [--quick] [--rounds=N] [--graph=FILE] [--million] [--requests=N] [--profile]';

function read() {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        graph: { type: 'string' },
        million: { type: 'boolean', default: false },
        requests: { type: 'string' },
        profile: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message.split('\n')[0]}\n${USAGE}`);
    process.exit(1);
  }
}

const wholeNumber = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
  console.error(`--${name} must be a positive whole number\n${USAGE}`);
  process.exit(1);
};

const values = read();

export const options = {
  /** Just enough to see that a benchmark works; its figures mean nothing, and the report says so. */
  quick: values.quick,
  rounds: wholeNumber('rounds', values.rounds),
  /** A follow graph in the place of the generated one. */
  graph: values.graph,
  /** With the largest of the sizes too. */
  million: values.million,
  requests: wholeNumber('requests', values.requests),
  profile: values.profile,
};

/** @param full what the figures of docs/performance.md were taken with @param quick enough to see that it works */
export const scaled = <T>(full: T, quick: T): T => (options.quick ? quick : full);

/** @param full as many as the figures of docs/performance.md were taken with */
export const roundsOr = (full: number): number => options.rounds ?? scaled(full, 1);
