import calculateSlot from 'cluster-key-slot';
import { groupByOwner } from './slot-groups.js';

const command = (key: string) => ({ name: 'get', key, args: [key] });

describe(groupByOwner.name, () => {
  it('groups by the master of the slot and keeps the places in the order of the caller', () => {
    const slots: string[][] = [];
    slots[calculateSlot('a')] = ['one:1', 'replica:1'];
    slots[calculateSlot('b')] = ['two:2'];
    slots[calculateSlot('{a}x')] = ['one:1'];
    const groups = groupByOwner(['a', 'b', '{a}x', 'a'].map(command), slots);
    expect([...groups].map(([owner, group]) => [owner, group.positions, group.commands.map(({ key }) => key)])).toEqual(
      [
        ['one:1', [0, 2, 3], ['a', '{a}x', 'a']],
        ['two:2', [1], ['b']],
      ],
    );
  });

  it('collects commands whose slot has no owner', () => {
    expect([...groupByOwner([command('a')], []).keys()]).toEqual(['']);
  });
});
