import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from './redact.ts';

describe('a known secret', () => {
  const secret = `p w~'&"ü`;
  it.each([
    ['plain', secret],
    ['in an address', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ x: secret }).toString().slice(2)],
    ['in Base64', Buffer.from(secret).toString('base64')],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
  ])('is masked %s', (_where, written) => {
    expect(createRedactor([secret]).text(`key=${written};`)).toBe('key=[redacted];');
  });
});

describe('many secrets', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => `t0ken-${index}-of-many`);

  it('are masked as few are, also where they overlap or one begins another', () => {
    const words = ['abcd', 'abcdefgh', 'ghij', 'xxab', 'efg1', 'ab:c d'];
    const [few, indexed] = [createRedactor(words), createRedactor([...words, ...many])];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...words, ...words.map(encodeURIComponent)), fc.string({ maxLength: 5 }))),
        (parts) => {
          const text = parts.join(' ');
          expect(indexed.text(text)).toBe(few.text(text));
          const joined = indexed.text(parts.join(''));
          for (const word of words) expect(joined).not.toContain(word);
        },
      ),
      { seed: 20_261_123 },
    );
    expect(indexed.text('zzabcdefghijzz')).toBe('zz[redacted]zz');
  });

  it('are known in time that grows with their number, not with its square', () => {
    const redactor = createRedactor(many);
    for (const each of many) expect(redactor.text(`bad key ${each}!`)).toBe('bad key [redacted]!');
  });
});
