import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { knownFunctions, refusedFunctions } from './functions.ts';
import { checkExpression } from './index.ts';

describe('functions that an expression calls', () => {
  it.each([
    ['$evil(1)', '$evil', 0],
    ['items.{"a": $upcase(name)}', '$upcase', 12],
    ['$map(items, function($each) { $round($tidy($each)) })', '$tidy', 37],
    ['items[$is(state)].name', '$is', 6],
    ['items^($weight(x)){ kind: $sum(a) }', '$weight', 7],
    ['name ~> $shout', '$shout', 8],
    ['a ? $one() : "none"', '$one', 4],
    ['$half(?, 2)', '$half', 0],
  ])('%s calls one that is not there', (expression, name, position) => {
    expect(checkExpression(expression)).toEqual([
      expect.objectContaining({ message: `there is no function ${name}`, position }),
    ]);
  });

  it('the one that was probably meant is named', () => {
    expect(checkExpression('$summ(a)')[0]?.suggestion).toBe('$sum');
    expect(checkExpression('$zzzzzz(a)')[0]?.suggestion).toBeNull();
  });

  it('each of several is named, in the order of the text', () => {
    expect(checkExpression('$b(1) + $a(2) + $b(3)').map(({ position }) => position)).toEqual([0, 8, 16]);
  });

  it('one that is kept away says why', () => {
    expect(checkExpression('$now()')[0]?.message).toContain('must give the same rows whenever it is read again');
  });

  it.each([
    '($twice := function($x) { 2 * $x }; $twice(a))',
    '($twice := function($x) { 2 * $x }; a ~> $twice)',
    'function($f) { $f(1) }($sum)',
    '($add := $map(?, function($x) { $x + 1 }); $add(items))',
    'items@$item#$place.{"n": $place, "v": $item.v}',
    'a ~> $sum() ~> $string',
    '$status = 200 and $exists(errors)',
    '(function($x) { $x })(1)',
    '$.name & $$.name',
  ])('%s calls none that is not there', (expression) => expect(checkExpression(expression)).toEqual([]));

  it('all functions of the library are known or kept away, and no others', async () => {
    const source = await readFile(createRequire(import.meta.url).resolve('jsonata'), 'utf8');
    const bound = [...source.matchAll(/(?:staticFrame|environment)\.bind\('(\w+)'/g)].map((match) => match[1] ?? '');
    expect([...knownFunctions, ...Object.keys(refusedFunctions)].sort()).toEqual([...new Set(bound)].sort());
  });
});
