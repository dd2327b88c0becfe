import calculateSlot from 'cluster-key-slot';
import { groupByNode } from './slot-groups.js';

const command = (key: string) => ({ name: 'get', key, args: [key] });

describe(groupByNode.name, () => {
  it('groups by the node of the slot and keeps the places in the order of the caller', () => {
    const slots: string[][] = [];
    slots[calculateSlot('a')] = ['one:1', 'replica:1'];
    slots[calculateSlot('b')] = ['two:2'];
    slots[calculateSlot('{a}x')] = ['one:1'];
    const groups = groupByNode(['a', 'b', '{a}x', 'a'].map(command), (slot) => slots[slot]?.[0]);
    expect([...groups].map(([owner, group]) => [owner, group.positions, group.commands.map(({ key }) => key)])).toEqual(
      [
        ['one:1', [0, 2, 3], ['a', '{a}x', 'a']],
        ['two:2', [1], ['b']],
      ],
    );
  });

  it('collects commands whose slot nobody owns', () => {
    expect([...groupByNode([command('a')], () => undefined).keys()]).toEqual(['']);
  });
});
