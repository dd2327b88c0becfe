import { parseOptions, USAGE } from './topology-options.js';

describe(parseOptions.name, () => {
  it('reads the commands', () => {
    expect(parseOptions(['status'])).toEqual({ command: 'status' });
    expect(parseOptions(['rejoin', 'a:1'])).toEqual({ command: 'rejoin', server: 'a:1', clone: false });
    expect(parseOptions(['rejoin', '--clone', 'a:1'])).toEqual({ command: 'rejoin', server: 'a:1', clone: true });
    expect(parseOptions(['promote', 'a:1'])).toEqual({
      command: 'promote',
      server: 'a:1',
      oldPrimaryIsGone: false,
      without: [],
    });
    expect(parseOptions(['promote', 'a:1', '--old-primary-is-gone', '--without', 'b:2', '--without=c:3'])).toEqual({
      command: 'promote',
      server: 'a:1',
      oldPrimaryIsGone: true,
      without: ['b:2', 'c:3'],
    });
  });

  it('has help', () => {
    expect(parseOptions(['promote', '--help'])).toBeUndefined();
  });

  it.each([
    [[]],
    [['promote']],
    [['rejoin']],
    [['demote', 'a:1']],
    [['status', 'a:1']],
    [['status', '--old-primary-is-gone']],
    [['status', '--clone']],
    [['promote', 'a:1', '--clone']],
    [['rejoin', 'a:1', '--old-primary-is-gone']],
    [['promote', 'a:1', 'b:1']],
    [['promote', 'a:1', '--force']],
    [['promote', 'a:1', '--without']],
  ])('shows the usage in one line for %j', (args: string[]) => {
    expect(() => parseOptions(args)).toThrow(USAGE);
    expect(() => parseOptions(args)).toThrow(/^[^\n]*$/);
  });
});
