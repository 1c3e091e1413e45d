import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactJson, parseFaithfulJson } from './exact-json.ts';
import { parseDecimal } from './units.ts';

describe('numbers of JSON', () => {
  it.each([
    ['12.50', 12.5],
    ['0.1', 0.1],
    ['-0.10', -0.1],
    ['1e3', 1000],
    ['1.5E+3', 1500],
    ['0.000', 0],
    ['100000000000000000000', 100_000_000_000_000_000_000],
    ['9007199254740993', '9007199254740993'],
    ['1234567890.12345678901', '1234567890.12345678901'],
    ['1e400', '1e400'],
    ['0.10000000000000000555', '0.10000000000000000555'],
  ])('%s', (source, expected) => {
    expect(parseFaithfulJson(`[${source}]`)).toEqual([expected]);
  });

  it('what stands in texts stays as it is, also beside escapes', () => {
    const text = String.raw`{"a\\":"12345678901234567890","b\"":12345678901234567890,"c":[-0.12345678901234567891,"\u0031"]}`;
    expect(parseFaithfulJson(text)).toEqual({
      'a\\': '12345678901234567890',
      'b"': '12345678901234567890',
      c: ['-0.12345678901234567891', '1'],
    });
  });

  it.each([
    '[1.2.3.4.5.6.7.8.9.10]',
    '[00000000000000000001]',
    '["1',
    '[1234567890123456789',
    '{12345678901234567890 : 1}',
  ])('%s is no JSON', (text) => {
    expect(() => parseFaithfulJson(text)).toThrow(SyntaxError);
  });

  it('a document is read as JSON.parse reads it, where numbers are short', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        if (/\d{16}|\d\.\d{12}|e[+-]?\d/.test(text)) return;
        expect(parseFaithfulJson(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('every one keeps its value', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: 0, max: 30 }), (digits, shift) => {
        const text = digits
          .toString()
          .padStart(shift + 2, '0')
          .replace('-', '');
        const source = `${BigInt(text.slice(0, text.length - shift))}.${text.slice(text.length - shift)}0`;
        const [read] = parseFaithfulJson(`[${source}]`) as [string | number];
        expect(parseDecimal(String(read))).toBe(parseDecimal(source));
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});

describe('numbers as the digits that came', () => {
  it('each is the text that stood there, and nothing else is touched', () => {
    const text = String.raw`{"1":12.50,"a\\":[-0,1e3,1E400 , 7],"b\"2":"3","c":[true,null,"4"],"\u0031":0.1}`;
    expect(parseExactJson(text)).toEqual({
      '1': '0.1',
      'a\\': ['-0', '1e3', '1E400', '7'],
      'b"2': '3',
      c: [true, null, '4'],
    });
  });

  it.each(['[1.2.3]', '[01]', '[1-1]', '[--1]', '["1', '[1', '{1:2}', '{1 : 2}', '[1 2]', '[1true]', '[.5]', '[1.]'])(
    '%s is no JSON',
    (text) => {
      expect(() => parseExactJson(text)).toThrow(SyntaxError);
    },
  );

  it('a document is otherwise read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const exact = JSON.stringify(parseExactJson(text));
        const plain = JSON.stringify(JSON.parse(text), (_, each: unknown) =>
          typeof each === 'number' ? String(each) : each,
        );
        // Digits differ where a double has a shorter form of its own.
        if (!/e[+-]?\d|\.\d*0\b|-0/i.test(text)) expect(exact).toBe(plain);
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});
