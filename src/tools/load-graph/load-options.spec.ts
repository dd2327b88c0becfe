import { parseOptions, USAGE } from './load-options.js';

describe(parseOptions.name, () => {
  it('reads the file and the mode', () => {
    expect(parseOptions(['--graph', 'a.tsv'])).toEqual({ graph: 'a.tsv', strict: false });
    expect(parseOptions(['--strict', '--graph=a.tsv'])).toEqual({ graph: 'a.tsv', strict: true });
  });

  it('has help', () => {
    expect(parseOptions(['--help'])).toBeUndefined();
  });

  it.each([
    [[]],
    [['--graph']],
    [['--graph', '']],
    [['--grahp', 'a']],
    [['a.tsv']],
    [['--strict=yes', '--graph', 'a']],
  ])('shows the usage in one line for %j', (args: string[]) => {
    expect(() => parseOptions(args)).toThrow(USAGE);
    expect(() => parseOptions(args)).toThrow(/^[^\n]*$/);
  });
});
