import { DENSE, SLUGGISH } from '../oracle/course.js';
import { runFeedProperty } from '../oracle/feed-property.js';
import { buildMutant } from '../oracle/mutant-build.js';
import { MUTANTS } from '../oracle/mutants.js';

/** The very same for the product and for each mutant. */
const OPTIONS = { operations: 1_920, stopEarly: true };
/** What meets what is up to the machine, so a mistake that escapes one run is looked for in further ones; the product must pass all. */
const SEEDS = [1, 2, 3];

describe('The property test of feeds', () => {
  it.each([
    ['dense', DENSE],
    ['sluggish', SLUGGISH],
  ])(
    'finds nothing in the product: %s',
    async (name, course) => {
      const { problems, ...report } = await runFeedProperty({ ...OPTIONS, seed: SEEDS[0]!, course });
      process.stdout.write(`Product, ${name}: ${JSON.stringify(report)}\n`);
      expect(problems).toEqual([]);
      expect(report.operations).toBeGreaterThanOrEqual(OPTIONS.operations);
    },
    300_000,
  );

  it.each(MUTANTS)(
    'finds: $name',
    async (mutant) => {
      const course = mutant.needsSlowWorkers ? SLUGGISH : DENSE;
      const build = buildMutant(mutant);
      const found: string[] = [];
      for (const seed of SEEDS) {
        const { problems, operations } = await runFeedProperty({ ...OPTIONS, seed, course, build });
        process.stdout.write(`${mutant.name}: ${operations} operations, ${problems[0] ?? 'nothing found'}\n`);
        found.push(...problems);
        if (found.length > 0) break;
      }
      expect(found).not.toEqual([]);
    },
    600_000,
  );
});
