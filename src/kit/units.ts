/**
 * Readers of the notations that people write in YAML: sizes, decimals, percentages, dates (durations: duration.ts). Pure; each gives
 * null when the text is not of its form, so that the caller can name the place.
 */
import { isLocalDate } from '../domain/index.ts';
import type { DecimalString, LocalDate } from '../domain/types.ts';

const BYTE_UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** Bytes of `32MiB`, `500 kB`, `1.5 GiB`, `1024`; a whole number. */
export function parseBytes(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*([kmg]?i?b)?$/i.exec(text.trim());
  const factor = match === null ? undefined : BYTE_UNITS[(match[2] ?? '').toLowerCase()];
  if (match === null || factor === undefined) return null;
  const bytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The largest binary unit that says it exactly: 33554432 → `32MiB`. */
export function formatBytes(count: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const)
    if (count > 0 && count % size === 0) return `${count / size}${unit}`;
  return String(count);
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;
/** Beyond this no money amount lies, and expanding the exponent would only fill memory. */
const MAX_DIGITS = 60;

/**
 * A decimal number in its one canonical form: no exponent, no leading or trailing zeros, no `+`, never `-0`.
 * Works on the digits, so nothing is lost. `shift` moves the point to the right (−2 for a percentage).
 */
export function parseDecimal(text: string, shift = 0): DecimalString | null {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  if (digits === '' || digits.length > MAX_DIGITS) return null;
  const point = whole.length + Number(exponent) + shift;
  if (Math.abs(point) > MAX_DIGITS) return null;
  const padded = point > 0 ? digits.padEnd(point, '0') : '0'.repeat(1 - point) + digits;
  const at = point > 0 ? point : 1;
  const integer = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const rest = padded.slice(at).replace(/0+$/, '');
  const unsigned = rest === '' ? integer : `${integer}.${rest}`;
  return sign === '-' && unsigned !== '0' ? `-${unsigned}` : unsigned;
}

/** `80 %`, `80%` and `0.8` are all `0.8`. */
export function parsePercentage(text: string): DecimalString | null {
  const trimmed = text.trim();
  return trimmed.endsWith('%') ? parseDecimal(trimmed.slice(0, -1), -2) : parseDecimal(trimmed);
}

/** −1, 0 or 1: order of two canonical decimals, without going through a float. */
export function compareDecimals(left: DecimalString, right: DecimalString): -1 | 0 | 1 {
  if (left === right) return 0;
  const negative = left.startsWith('-');
  if (negative !== right.startsWith('-')) return negative ? -1 : 1;
  const [leftWhole = '', leftFraction = ''] = left.replace('-', '').split('.');
  const [rightWhole = '', rightFraction = ''] = right.replace('-', '').split('.');
  const order =
    leftWhole.length !== rightWhole.length
      ? leftWhole.length - rightWhole.length
      : leftWhole !== rightWhole
        ? leftWhole < rightWhole
          ? -1
          : 1
        : leftFraction < rightFraction
          ? -1
          : 1;
  return order < 0 !== negative ? -1 : 1;
}

/** An ISO date that the calendar has, `YYYY-MM-DD`. */
export function parseLocalDate(text: string): LocalDate | null {
  return isLocalDate(text) ? text : null;
}

/** Epoch milliseconds of an ISO date-time with offset. */
export function parseInstantMs(text: string): number | null {
  const date = parseLocalDate(text.slice(0, 10));
  if (date === null) return null;
  if (!/^T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/.test(text.slice(10)))
    return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : atMs;
}
