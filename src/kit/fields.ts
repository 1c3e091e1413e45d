/**
 * Schemas of the fields that configuration and connectors have in common. Each carries the `.meta({description,
 * examples})` that becomes editor help; a field may narrow it by another `.meta(…)`. The input is what people write,
 * the output what programs use.
 *
 * No message may repeat the value that it refuses: it can be a secret. `src/config` adds it where that is safe.
 * A custom issue may carry `params.candidates` (a list of allowed words), out of which a near miss is suggested.
 */
import { z } from 'zod';
import type { CurrencyCode, DecimalString, LocalDate } from '../domain/types.ts';
import { asDuration, durationSchema, parseDurationMs } from './duration.ts';
import { compareDecimals, parseBytes, parseDecimal, parseInstantMs, parseLocalDate, parsePercentage } from './units.ts';

/** What `.meta()` holds for configuration fields. */
interface FieldMeta {
  description: string;
  examples?: unknown[];
  /** The value is never to be shown. */
  secret?: boolean;
}

/** A text that `read` understands, turned into what it gives; null is the `expected …` problem. */
function textField<T>(read: (text: string) => T | null, expected: string, meta: FieldMeta): z.ZodType<T, string> {
  return z
    .string({ error: `expected ${expected}` })
    .transform((text, ctx): T => {
      const value = read(text);
      if (value !== null) return value;
      ctx.addIssue({ code: 'custom', message: `expected ${expected}` });
      return z.NEVER;
    })
    .meta({ ...meta });
}

/** Like textField, for what YAML may also give as a number. */
function numericField<T>(
  read: (text: string) => T | null,
  expected: string,
  meta: FieldMeta,
): z.ZodType<T, string | number> {
  return z
    .union([z.number(), z.string()], { error: `expected ${expected}` })
    .transform((written, ctx): T => {
      const value = read(String(written));
      if (value !== null) return value;
      ctx.addIssue({ code: 'custom', message: `expected ${expected}` });
      return z.NEVER;
    })
    .meta({ ...meta });
}

/** Milliseconds, written `30s`, `15m`, `2h`, `7d`, `1h30m` or ISO `P1D`. */
export const durationMs = durationSchema;

/** The same, longer than zero. */
export const positiveDurationMs = asDuration(
  textField(
    (text) => {
      const ms = parseDurationMs(text);
      return ms === null || ms <= 0 ? null : ms;
    },
    'a duration longer than zero such as 30s, 15m, 2h, 7d or P1D',
    {
      description: 'A duration longer than zero: a number with ms, s, m, h, d or w, or ISO 8601 (`PT15M`).',
      examples: ['30s', '1h', '1d'],
    },
  ),
);

/** A number of bytes above zero, written `32MiB`, `500kB`, `1024`. */
export const bytes = numericField(
  (text) => {
    const count = parseBytes(text);
    return count === null || count < 1 ? null : count;
  },
  'a size such as 32MiB, 500kB or a number of bytes',
  {
    description: 'A size: a number with B, kB, MB, GB, KiB, MiB or GiB; a bare number is bytes.',
    examples: ['32MiB', '500kB'],
  },
);

/** An exact decimal number; never goes through a float. Canonical: `4.50` becomes `4.5`. */
export const decimalString = numericField<DecimalString>(parseDecimal, 'a decimal number such as 12000 or 4.50', {
  description: 'A decimal number, kept exactly as written; quotes are allowed.',
  examples: [12000, '4.50'],
});

/** A decimal above zero. */
export const positiveDecimal = numericField<DecimalString>(
  (text) => {
    const value = parseDecimal(text);
    return value === null || compareDecimals(value, '0') <= 0 ? null : value;
  },
  'a decimal number above 0',
  { description: 'A decimal number above 0, kept exactly as written; quotes are allowed.', examples: ['0.92', 1000] },
);

/** A share of the whole in [0, 1], written `80 %` or `0.8`; output `0.8`. */
export const fraction = numericField<DecimalString>(
  (text) => {
    const value = parsePercentage(text);
    return value === null || compareDecimals(value, '0') < 0 || compareDecimals(value, '1') > 0 ? null : value;
  },
  'a share between 0 % and 100 %, written 80 % or 0.8',
  { description: 'A share between 0 % and 100 %, written `80 %` or `0.8`.', examples: ['80 %', 0.8] },
);

/** A rate such as a discount rate: above −100 %, at most 1000 %; output `0.08`. */
export const rate = numericField<DecimalString>(
  (text) => {
    const value = parsePercentage(text);
    return value === null || compareDecimals(value, '-1') <= 0 || compareDecimals(value, '10') > 0 ? null : value;
  },
  'a rate written 8 % or 0.08 (above -100 %, at most 1000 %)',
  { description: 'A rate, written `8 %` or `0.08`.', examples: ['8 %', 0.08] },
);

/** A date that the calendar has, `YYYY-MM-DD`. */
export const localDate = textField<LocalDate>(parseLocalDate, 'a date of the calendar, written YYYY-MM-DD', {
  description: 'A date, `YYYY-MM-DD`, in the time zone of what it belongs to.',
  examples: ['2026-07-01'],
});

/** Where the first pull starts. A date is the midnight that begins it; in which zone, the reader of the field knows. */
export type Since =
  | { kind: 'instant'; atMs: number }
  | { kind: 'date'; date: LocalDate }
  | { kind: 'ago'; durationMs: number };
export const since = textField<Since>(
  (text) => {
    const ago = parseDurationMs(text);
    if (ago !== null) return { kind: 'ago', durationMs: ago };
    const date = parseLocalDate(text);
    if (date !== null) return { kind: 'date', date };
    const atMs = parseInstantMs(text);
    return atMs === null ? null : { kind: 'instant', atMs };
  },
  'a duration before now (180d), a date (2026-01-01) or a date-time with offset (2026-01-01T00:00:00+01:00)',
  {
    description:
      'A duration before now, a date (its midnight in the time zone of the settings) or an ISO date-time with offset.',
    examples: ['180d', '2026-01-01', '2026-01-01T00:00:00Z'],
  },
);

/** A string whose check is a predicate; wrong ones get a near miss out of `candidates`. */
function checkedField(
  accepts: (text: string) => boolean,
  expected: string,
  meta: FieldMeta,
  candidates?: () => readonly string[],
): z.ZodType<string, string> {
  return z
    .string()
    .superRefine((text, ctx) => {
      if (accepts(text)) return;
      ctx.addIssue({
        code: 'custom',
        message: `expected ${expected}`,
        ...(candidates === undefined ? {} : { params: { candidates: candidates() } }),
      });
    })
    .meta({ ...meta });
}

/** A name of the IANA time zone database. */
export const timeZone = checkedField(
  isTimeZone,
  'an IANA time zone such as Europe/Berlin',
  { description: 'A time zone of the IANA database.', examples: ['Europe/Berlin', 'UTC'] },
  () => [...Intl.supportedValuesOf('timeZone'), 'UTC'],
);

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const currencies = new Set(Intl.supportedValuesOf('currency'));
/** An ISO 4217 code. */
export const currency: z.ZodType<CurrencyCode, string> = checkedField(
  (code) => currencies.has(code),
  'an ISO 4217 currency code in capitals such as EUR',
  { description: 'A currency, ISO 4217.', examples: ['EUR', 'USD'] },
  () => [...currencies],
);

/** A BCP 47 tag. */
export const locale = checkedField(
  (tag) => {
    try {
      return Intl.getCanonicalLocales(tag).length === 1 && Intl.DateTimeFormat.supportedLocalesOf(tag).length === 1;
    } catch {
      return false;
    }
  },
  'a language tag (BCP 47) such as en-GB or de-DE',
  { description: 'Language and country for numbers and dates, BCP 47.', examples: ['en-GB', 'de-DE'] },
);

/** Absolute http(s) address without credentials in it: those belong in `auth`, where they are kept secret. */
export const httpUrl = checkedField(
  (text) => {
    if (!URL.canParse(text) || /\s/.test(text)) return false;
    const url = new URL(text);
    return (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '';
  },
  'an absolute http:// or https:// address without user and password in it',
  {
    description: 'An absolute http:// or https:// address; credentials belong in `auth`.',
    examples: ['https://prometheus.example.com'],
  },
);

/** What things are called in YAML and in every output: lower case, so that ids never differ by case alone. */
export const ID_PATTERN = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
export const id = z
  .string()
  .regex(ID_PATTERN, {
    error:
      'expected an id: lower-case letters, digits, ".", "-" and "_", at most 63, starting and ending with a letter or digit',
  })
  .meta({
    description: 'An id: lower-case letters, digits, `.`, `-`, `_`; at most 63 characters.',
    examples: ['checkout-rewrite'],
  });

/** A text with something in it. */
export const text = z
  .string()
  .refine((value) => value.trim() !== '', { error: 'must not be empty' })
  // Else what is stored would never be what is written, and each start would find a change.
  .refine((value) => !value.includes('\0') && value.isWellFormed(), {
    error: 'holds a character that no database stores: NUL, or half of a surrogate pair',
  })
  .meta({ description: 'A text.' });

/** A text that is never shown: meant to come from `${env:NAME}` or `${file:path}`. */
export const secret = z
  .string()
  .min(1, { error: 'must not be empty' })
  .meta({
    description: 'A secret: write `${secret:NAME}`, `${env:NAME}` or `${file:/run/secrets/name}`.',
    examples: ['${env:NAME}'],
    secret: true,
  });

/** Labels that a series must carry. */
export const labels = z
  .record(z.string().min(1), z.string())
  .meta({ description: 'Label names and values.', examples: [{ team: 'shop' }] });
