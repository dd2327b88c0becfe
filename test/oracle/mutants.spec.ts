import { runFeedProperty } from './feed-property.js';
import { buildMutant } from './mutant-build.js';
import { MUTANTS } from './mutants.js';

/** A mistake that is not found by then is not found. */
const OPERATIONS = 6_000;
const SEED = 1;

describe('The property test of feeds', () => {
  it.each(MUTANTS)(
    'finds: $name',
    async (mutant) => {
      const options = { seed: SEED, operations: OPERATIONS, build: buildMutant(mutant), stopEarly: true };
      const { problems } = await runFeedProperty(options);
      expect(problems).not.toEqual([]);
    },
    600_000,
  );
});
