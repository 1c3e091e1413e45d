import { expect, it } from 'vitest';
import { readItem } from './items.ts';

it('an item that has a tag twice looks the same in whatever order Zabbix sends them', () => {
  const item = {
    ...{ itemid: '1', key_: 'k', name: 'n', units: '', value_type: '0', history: '7d', trends: '365d' },
    hosts: [{ host: 'h', name: 'H' }],
  };
  const [a, b] = ['a', 'b'].map((value) => ({ tag: 'component', value }));
  for (const tags of [
    [a, b],
    [b, a],
  ])
    expect(readItem({ ...item, tags }, 'item').tags).toEqual(new Map([['component', 'a,b']]));
});
