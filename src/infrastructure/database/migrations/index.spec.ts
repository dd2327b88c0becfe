import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIGRATIONS } from './index.js';

const files = readdirSync(import.meta.dirname).filter((name) => /^\d+-.*\.ts$/.test(name));

describe('The migrations', () => {
  it('are all in the list, in the order of their files', () => {
    const times = files.toSorted().map((name) => name.split('-')[0]);
    expect(MIGRATIONS.map(({ name }) => name.slice(-13))).toEqual(times);
  });

  // For whoever deploys them: MySQL refuses an ALTER that cannot keep to its ALGORITHM and LOCK, but does not say how long it takes.
  it.each(files)('say what they lock and for how long, and what a revert loses: %s', (name) => {
    const [comment] = /\/\*\*(?:(?!\*\/)[^])*\*\/\nexport class/.exec(
      readFileSync(join(import.meta.dirname, name), 'utf8'),
    ) ?? [''];
    expect(comment).toMatch(/^ \* Locks: \S/m);
    expect(comment).toMatch(/^ \* Down: \S/m);
  });
});
