import { describe, expect, it } from 'vitest';
import { filled, variablesOf } from './variables.ts';

describe('variables of a dashboard', () => {
  const variables = variablesOf({
    templating: {
      list: [
        { name: 'env', current: { value: ['prod', 'test'] } },
        { name: 'shop', current: { value: '$__all' } },
        { name: 'region', current: { value: ['$__all'] }, allValue: 'eu-.+' },
        { name: 'one', current: { value: 'de' } },
        { name: 'key', type: 'constant', query: 'a.b' },
        'nothing',
      ],
    },
  });

  it.each([
    ['env=~"$env"', 'env=~"(prod|test)"'],
    ['env IN (${env:sqlstring})', "env IN ('prod','test')"],
    ['${env:csv} ${env:pipe} ${env:glob}', 'prod,test prod|test {prod,test}'],
    ['[[one]].x', 'de.x'],
    ['[[env:raw]]', 'prod,test'],
    ['shop=~"$shop" region=~"${region}"', 'shop=~".*" region=~"eu-.+"'],
    ['$key', 'a.b'],
    ['$__timeFilter(at) $unknown', '$__timeFilter(at) $unknown'],
  ])('%s', (written, expected) => {
    expect(filled(written, variables)).toBe(expected);
  });

  it('are filled wherever texts stand', () => {
    expect(filled({ a: ['$one', 1, null], b: { c: '$one' } }, variables)).toEqual({
      a: ['de', 1, null],
      b: { c: 'de' },
    });
  });
});
