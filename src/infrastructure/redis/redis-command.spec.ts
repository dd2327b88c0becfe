import { scriptCommand, withSource } from './redis-command.js';

describe(scriptCommand.name, () => {
  const command = scriptCommand({ source: 'return 1', sha: 'abc' }, ['k1', 'k2'], ['x', 2]);

  it('calls a script by its digest with its keys counted', () => {
    expect(command).toMatchObject({ name: 'evalsha', key: 'k1', args: ['abc', 2, 'k1', 'k2', 'x', 2] });
  });

  it('can be sent with the source in place of the digest', () => {
    expect(withSource(command)).toMatchObject({ name: 'eval', key: 'k1', args: ['return 1', 2, 'k1', 'k2', 'x', 2] });
    const plain = { name: 'get', key: 'k', args: ['k'] };
    expect(withSource(plain)).toBe(plain);
  });
});
