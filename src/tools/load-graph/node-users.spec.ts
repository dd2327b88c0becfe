import { jest } from '@jest/globals';
import type { ImportedUser } from '../../modules/users/users-import.writer.js';
import { LoadError } from './load-error.js';
import { NodeUsers } from './node-users.js';

/** A table of users in memory. */
function userTable(taken: string[] = []) {
  const ids = new Map<string, string>();
  const createMissing = jest.fn((users: readonly ImportedUser[]) => {
    const before = ids.size;
    for (const { username, email } of users) {
      if (!taken.includes(email) && !ids.has(username)) ids.set(username, String(ids.size + 100));
    }
    const found = users.flatMap(({ username }) => (ids.has(username) ? [[username, ids.get(username)!] as const] : []));
    return Promise.resolve({ idsByUsername: new Map(found), created: ids.size - before });
  });
  return { createMissing };
}

describe(NodeUsers.name, () => {
  it('asks once for each node and counts who is new', async () => {
    const table = userTable();
    await table.createMissing([{ username: 'u3', email: 'u3@example.test', displayName: 'u3', passwordHash: 'x' }]);
    const nodes = new NodeUsers(table, 'hash');

    await expect(nodes.idsOf(new Set([3, 1]))).resolves.toEqual(new Map([[3, '100'], [1, '101']])); // prettier-ignore
    await expect(nodes.idsOf(new Set([1, 2]))).resolves.toEqual(new Map([[1, '101'], [2, '102']])); // prettier-ignore

    expect(table.createMissing.mock.calls.slice(1).map(([users]) => users.map(({ username }) => username))).toEqual([
      ['u1', 'u3'],
      ['u2'],
    ]);
    expect(table.createMissing.mock.calls.at(-1)![0]).toEqual([
      { username: 'u2', email: 'u2@example.test', displayName: 'u2', passwordHash: 'hash' },
    ]);
    expect([nodes.created, nodes.existing]).toEqual([2, 1]);
  });

  it('remembers a bounded number and still answers for more', async () => {
    const table = userTable();
    const nodes = new NodeUsers(table, 'hash', 2);
    const ids = await nodes.idsOf(new Set([1, 2, 3, 4]));
    expect(ids.size).toBe(4);
    await expect(nodes.idsOf(new Set([1, 2, 3, 4]))).resolves.toEqual(ids);
    expect(table.createMissing.mock.calls[1]![0].map(({ username }) => username)).toEqual(['u1', 'u2']);
  });

  it('says whose e-mail address is in the way', async () => {
    const nodes = new NodeUsers(userTable(['u7@example.test']), 'hash');
    await expect(nodes.idsOf(new Set([6, 7]))).rejects.toThrow(LoadError);
    await expect(nodes.idsOf(new Set([7]))).rejects.toThrow('user u7 cannot be created');
  });
});
