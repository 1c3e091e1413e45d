import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutturnError } from '#kit';
import { generateKey, readKeys } from './master-keys.ts';
import { createSecretBox, keyIdOf } from './secret-box.ts';

const boxOf = async (...keys: string[]) => {
  const [first, ...rest] = await readKeys({ OUTTURN_KEY: keys.join(' ') });
  if (first === undefined) throw new Error('no key');
  return createSecretBox([first, ...rest]);
};
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof OutturnError ? error.code : String(error);
  }
  return 'opened';
};

describe('sealed secrets', () => {
  it('open to what was sealed, whatever the text and the context', async () => {
    const box = await boxOf(generateKey());
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (plain, context) => {
        expect(box.open(box.seal(plain.toWellFormed(), context), context)).toBe(plain.toWellFormed());
      }),
    );
  });

  it('do not open for another context, by another key, or when any character was changed', async () => {
    const [box, other] = [await boxOf(generateKey()), await boxOf(generateKey())];
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.string(),
        fc.nat(),
        fc.integer({ min: 32, max: 126 }),
        (plain, context, another, at, code) => {
          const sealed = box.seal(plain, context);
          expect(codeOf(() => other.open(sealed, context))).toBe('secret/unreadable');
          if (another !== context) expect(codeOf(() => box.open(sealed, another))).toBe('secret/unreadable');
          const place = at % sealed.length;
          const changed = sealed.slice(0, place) + String.fromCharCode(code) + sealed.slice(place + 1);
          if (changed !== sealed) expect(codeOf(() => box.open(changed, context))).toBe('secret/unreadable');
          expect(codeOf(() => box.open(sealed.slice(0, place), context))).toBe('secret/unreadable');
        },
      ),
    );
  });

  it('do not open with the parts of two sealed forms mixed', async () => {
    const box = await boxOf(generateKey());
    const [one, two] = [box.seal('one', 'a').split('.'), box.seal('two', 'a').split('.')];
    expect(codeOf(() => box.open([one[0], one[1], one[2], two[3]].join('.'), 'a'))).toBe('secret/unreadable');
  });

  it('differ each time, hold nothing of the text, and name their key', async () => {
    const box = await boxOf(generateKey());
    const [one, two] = [box.seal('hunter2-hunter2', 'x'), box.seal('hunter2-hunter2', 'x')];
    expect(one).not.toBe(two);
    expect(one).not.toContain('hunter2');
    expect(keyIdOf(one)).toBe(box.keyId);
    expect(keyIdOf('anything else')).toBeNull();
  });

  it('open by an old key as long as it is given, and after a rotation without it', async () => {
    const [old, next] = [generateKey(), generateKey()];
    const sealed = (await boxOf(old)).seal('value', 'x');
    const both = await boxOf(next, old);
    expect(both.open(sealed, 'x')).toBe('value');
    const rewrapped = both.rewrap(sealed, 'x');
    expect((await boxOf(next)).open(rewrapped, 'x')).toBe('value');
    expect(codeOf(() => both.rewrap(sealed, 'y'))).toBe('secret/unreadable');
  });

  it('name the key that is missing', async () => {
    const [lost, other] = [await boxOf(generateKey()), await boxOf(generateKey())];
    expect(() => other.open(lost.seal('value', 'SAP_PASSWORD'), 'SAP_PASSWORD')).toThrow(
      `SAP_PASSWORD was encrypted by the key ${lost.keyId}, which is not given.`,
    );
  });
});
