import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDurationMs } from './duration.ts';
import * as fields from './fields.ts';
import { compareDecimals, parseBytes, parseDecimal, parseInstantMs, parseLocalDate, parsePercentage } from './units.ts';

describe('decimals', () => {
  it('have one canonical form', () => {
    const forms = ['4.50', '+4.5', '004.5', '45e-1', '.5', '5.', '-0.00', '1e3', '12345678901234567890.123'];
    expect(forms.map((text) => parseDecimal(text))).toEqual([
      '4.5',
      '4.5',
      '4.5',
      '4.5',
      '0.5',
      '5',
      '0',
      '1000',
      '12345678901234567890.123',
    ]);
  });
  it.each(['', '.', '-', '1,5', '1_000', '0x10', 'NaN', 'Infinity', '1e', '1e999', `1${'0'.repeat(70)}`])(
    '%j is none',
    (text) => {
      expect(parseDecimal(text)).toBeNull();
    },
  );
  it('whole numbers and hundredths keep every digit, whichever way they are written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.nat(8), (digits, places) => {
        const canonical = parseDecimal(`${digits}e-${places}`);
        expect(canonical).not.toBeNull();
        expect(parseDecimal(canonical ?? '', places)).toBe(String(digits));
      }),
      { seed: 1 },
    );
  });
  it('compare as numbers do', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -9999n, max: 9999n }),
        fc.bigInt({ min: -9999n, max: 9999n }),
        fc.nat(4),
        (a, b, places) => {
          const order = compareDecimals(parseDecimal(`${a}e-${places}`) ?? '', parseDecimal(`${b}e-${places}`) ?? '');
          expect(order).toBe(a < b ? -1 : a > b ? 1 : 0);
        },
      ),
      { seed: 2 },
    );
  });
  it('percentages and fractions are the same thing', () => {
    expect(['80 %', '80%', '0.8', '7.25 %', '0 %'].map(parsePercentage)).toEqual(['0.8', '0.8', '0.8', '0.0725', '0']);
    expect(fields.fraction.safeParse(0.3).data).toBe('0.3');
    expect(fields.fraction.safeParse('101 %').success).toBe(false);
    expect(fields.rate.safeParse('-2 %').data).toBe('-0.02');
    expect(fields.positiveDecimal.safeParse(0).success).toBe(false);
  });
});

describe('durations and sizes', () => {
  it.each([
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['1h 30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['2 d', 172_800_000],
    ['P1D', 86_400_000],
    ['PT15M', 900_000],
    ['P1W', 604_800_000],
    ['0', 0],
  ])('%s', (text, ms) => expect(parseDurationMs(text)).toBe(ms));
  it.each(['', '30', 's', '5 parsecs', 'P', 'PT', 'P1M', 'P1Y', '-1h', '1h-', '999999w', '1e3s'])(
    '%j is none',
    (text) => {
      expect(parseDurationMs(text)).toBeNull();
    },
  );
  it('32MiB, 500 kB, 1.5GiB and a bare number are sizes; minus and nonsense are not', () => {
    expect(['32MiB', '500 kB', '1.5GiB', '1024'].map(parseBytes)).toEqual([33_554_432, 500_000, 1_610_612_736, 1024]);
    expect(['-1', '1TBB', '', '1e9', '9999999GiB'].map(parseBytes)).toEqual([null, null, null, null, null]);
  });
});

describe('texts', () => {
  it('hold something, and nothing that cannot be stored', () => {
    expect(['Umsätze 🛒', ' ', 'a\0b', 'a\ud800b'].map((each) => fields.text.safeParse(each).success)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('dates', () => {
  it('only those of the calendar', () => {
    expect(
      ['2024-02-29', '2026-02-29', '2026-13-01', '2026-1-1', '0000-00-00', '0000-01-01'].map(parseLocalDate),
    ).toEqual(['2024-02-29', null, null, null, null, null]);
  });
  it('an instant has an offset: a date, or a time without one, is none', () => {
    expect(parseInstantMs('2026-01-01T00:00:00+01:00')).toBe(Date.UTC(2025, 11, 31, 23));
    expect(
      ['2026-01-01', '2026-01-01T00:00:00', '2026-01-01 00:00', '2026-02-30T00:00Z', '2026-01-01T25:00Z'].map(
        parseInstantMs,
      ),
    ).toEqual([null, null, null, null, null]);
  });
});

describe('names that a standard lists', () => {
  it('time zones, currencies, languages', () => {
    for (const zone of ['Europe/Berlin', 'UTC', 'America/Argentina/Buenos_Aires', 'Asia/Kathmandu'])
      expect(fields.timeZone.safeParse(zone).success, zone).toBe(true);
    for (const zone of ['Europe/Berln', '+01:00', '', 'Mars/Olympus'])
      expect(fields.timeZone.safeParse(zone).success, zone).toBe(false);
    expect(['EUR', 'eur', 'XYZ', 'EURO'].map((code) => fields.currency.safeParse(code).success)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(['de-DE', 'en-GB', 'english please', ''].map((tag) => fields.locale.safeParse(tag).success)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
  it('addresses without credentials', () => {
    const accepts = (url: string) => fields.httpUrl.safeParse(url).success;
    expect(['https://a.example.com/x?y=1', 'http://127.0.0.1:1'].map(accepts)).toEqual([true, true]);
    expect(
      ['ftp://x', 'example.com', 'http://u:p@x', 'http://u@x', 'javascript:alert(1)', 'http://a b'].map(accepts),
    ).toEqual(Array(6).fill(false));
  });
  it('no refusal repeats what it refuses', () => {
    const value = 'very-private-value';
    for (const field of [
      fields.durationMs,
      fields.bytes,
      fields.fraction,
      fields.localDate,
      fields.since,
      fields.timeZone,
      fields.currency,
      fields.httpUrl,
    ])
      expect(JSON.stringify(field.safeParse(value).error?.issues)).not.toContain(value);
  });
});
