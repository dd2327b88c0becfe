import { parseOptions, USAGE } from './outbox-options.js';

describe(parseOptions.name, () => {
  it('reads the commands', () => {
    expect(parseOptions(['list'])).toEqual({ command: 'list', parked: false, limit: 50 });
    const all = ['list', '--parked', '--type', 'a.b', '--limit=7', '--after', 'parked/a.b/12'];
    expect(parseOptions(all)).toEqual({
      command: 'list',
      parked: true,
      type: 'a.b',
      limit: 7,
      after: { lane: 'parked', type: 'a.b', id: '12' },
    });
    expect(parseOptions(['show', '5'])).toEqual({ command: 'show', id: '5' });
    expect(parseOptions(['retry', '5', '6', '5'])).toEqual({ command: 'retry', ids: ['5', '6'] });
    expect(parseOptions(['retry', '--all'])).toEqual({ command: 'retry-all' });
    expect(parseOptions(['retry', '--all', '--type', 'a.b'])).toEqual({ command: 'retry-all', type: 'a.b' });
  });

  it('has help', () => {
    expect(parseOptions(['retry', '--help'])).toBeUndefined();
  });

  it.each([
    [[]],
    [['drop', '5']],
    [['list', '5']],
    [['list', '--all']],
    [['list', '--parked=no']],
    [['show']],
    [['show', '5', '6']],
    [['show', '5', '--parked']],
    [['retry']],
    [['retry', '5', '--all']],
    [['retry', '5', '--type', 'a.b']],
    [['retry', '--all', '--limit', '5']],
    [['retry', 'all']],
    [['retry', '0']],
    [['show', '9223372036854775808']],
    [['list', '--type']],
    [['list', '--force']],
    [['retry', ...Array.from({ length: 1_001 }, (_, index) => String(index + 1))]],
  ])('shows the usage in one line for %j', (args: string[]) => {
    expect(() => parseOptions(args)).toThrow(USAGE);
    expect(() => parseOptions(args)).toThrow(/^[^\n]*$/);
  });

  it.each(['0', '-1', '1001', 'x', '1e2', '', '99999'])('refuses --limit=%s and says what it may be', (limit) => {
    expect(() => parseOptions(['list', `--limit=${limit}`])).toThrow('--limit must be a whole number from 1 to 1000');
  });

  it.each(['x', 'parked/5', 'gone/a.b/5', 'parked/a.b/x'])('refuses --after %s and says what it may be', (after) => {
    expect(() => parseOptions(['list', '--after', after])).toThrow(/^--after must be .*LANE\/TYPE\/ID$/);
  });
});
