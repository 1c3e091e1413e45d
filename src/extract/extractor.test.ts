import { describe, expect, it } from 'vitest';
import { asOutturnError, PermanentError } from '#kit';
import { checkExpression, createExtractor } from './index.ts';

const extractor = createExtractor();
const evaluate = (expression: string, body = '{}', bindings: Record<string, unknown> = {}) =>
  extractor.evaluate({ expression, body, bindings });
/** With little time and memory: what runs away is stopped soon. */
const bounded = createExtractor({ cpuMs: 150, memoryMb: 64, threads: 1 });
const refusal = async (expression: string, body = '{}', within = extractor) => {
  const error = await within.evaluate({ expression, body }).then((value) => {
    throw new Error(`gave ${JSON.stringify(value)}`);
  }, asOutturnError);
  expect(error).toBeInstanceOf(PermanentError);
  expect(error.code).toBe('source/bad-expression');
  return error.message;
};

describe('what an expression gives', () => {
  const body = '{"rows":[{"amount":1234567890.12345678901,"share":12.50},{"amount":2,"share":0.1}]}';

  it('numbers are numbers, and text only where a double would lose digits', async () => {
    expect(await evaluate('rows.{"a": amount, "s": share + 1}', body)).toEqual([
      { a: '1234567890.12345678901', s: 13.5 },
      { a: 2, s: 1.1 },
    ]);
  });

  it('nothing where nothing is found, and an empty list where one stands', async () => {
    expect(await evaluate('rows[amount = 7]', body)).toBeUndefined();
    expect(await evaluate('rows', '{"rows":[]}')).toEqual([]);
  });

  it('what it is told of the request stands in variables', async () => {
    expect(await evaluate('$status = 200 and $item.id = 4', '{}', { status: 200, item: { id: 4 } })).toBe(true);
  });

  it('many at once all come back', async () => {
    const sums = await Promise.all(
      Array.from({ length: 40 }, (_, index) => evaluate(`$sum(n) + ${index}`, '{"n":[1,2,3]}')),
    );
    expect(sums).toEqual(Array.from({ length: 40 }, (_, index) => 6 + index));
  });

  it('a body that is no JSON is named as such', async () => {
    await expect(evaluate('$', '<html>')).rejects.toMatchObject({ code: 'source/not-json' });
  });
});

describe('what an expression may not do', () => {
  it.each([
    [
      'a regular expression that never ends',
      '$match("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", /^(a+)+$/)',
      'takes longer',
    ],
    ['tail recursion without an end', '($f := function($n) { $f($n + 1) }; $f(1))', 'takes longer'],
  ])('%s is stopped, and the next one is evaluated', async (_, expression, says) => {
    expect(await refusal(expression, '{}', bounded)).toContain(says);
    expect(await bounded.evaluate({ expression: '1 + 1', body: '{}' })).toBe(2);
  });

  it.each([
    ['recursion without an end', '($f := function($n) { 1 + $f($n) }; $f(1))', 'Stack overflow'],
    ['a range of a thousand million', '[1..1e9]', 'must not exceed 1e7'],
    ['a range longer than a page can hold', '[1..5e6]', 'maximum sequence length'],
    ['a text longer than memory', '$pad("x", 600000000)', 'too long'],
    ['running what the source sent', '$eval(code)', '$eval is not there'],
    ['asking the clock', '$now()', '$now is not there'],
    ['asking for chance', '$random()', '$random is not there'],
  ])('%s', async (_, expression, says) => {
    expect(await refusal(expression, '{"code":"1+1"}')).toContain(says);
  });

  it('taking all memory: the thread is ended, and the next one is evaluated', async () => {
    const many = createExtractor({ memoryMb: 24, threads: 1, cpuMs: 20_000 });
    const message = await refusal('$map([1..200000], function($i) { $string($i) & $pad("x", 500) })', '{}', many);
    expect(message).toContain('more than 24 MB');
    expect(await many.evaluate({ expression: '1 + 1', body: '{}' })).toBe(2);
  });

  it('a result longer than it may be', async () => {
    const short = createExtractor({ resultCharacters: 100, threads: 1 });
    expect(await refusal('$pad("x", 200)', '{}', short)).toContain('more than 100 characters');
  });

  it('prototypes stay as they are, here and for the next expression', async () => {
    const made = await evaluate('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}');
    expect(Object.keys(made as object)).toEqual(['__proto__', 'constructor']);
    expect(await evaluate('polluted')).toBeUndefined();
    expect(await evaluate('$.constructor.prototype')).toBeUndefined();
    expect(await evaluate('a ~> |$|{"__proto__": {"polluted": 1}}|', '{"a":{}}')).not.toHaveProperty('polluted');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('the environment of the process is not there', async () => {
    expect(await evaluate('$process')).toBeUndefined();
    expect(await evaluate('$lookup($, "constructor")')).toBeUndefined();
  });
});

describe('the syntax of an expression', () => {
  it.each([
    ['rows.{"a": b}', null],
    ['rows[', { message: 'Expected "]" before end of expression', position: 5 }],
    ['', { message: 'Unexpected end of expression', position: 0 }],
  ])('%s', (expression, problem) => {
    expect(checkExpression(expression)).toEqual(problem === null ? [] : [{ ...problem, suggestion: null }]);
  });

  it('fifteen thousand brackets do not end the program', () => {
    expect(checkExpression('('.repeat(15_000))[0]?.message).toBe('it is nested too deeply');
    expect(checkExpression('a.'.repeat(15_000))[0]?.message).toContain('longer than');
  });

  it('a mistake that only data shows names the place', async () => {
    expect(await refusal('a + "x"', '{"a":"y"}')).toMatch(/left side of the "\+" operator.*near character 3/);
  });
});
