import { Decimal } from 'decimal.js';
import { Temporal } from 'temporal-polyfill';
import type { CurrencyCode, DecimalString, LocalDate } from '../types.ts';

/** How figures are written for one reader. Every channel uses these, so that all say the same. Null is written `n/a`. */
export interface Format {
  /** `€36,936`: whole units, cents only below 100. */
  money(amount: DecimalString | null): string;
  /** `€1.2m`. */
  moneyCompact(amount: DecimalString | null): string;
  /** `+€1,200`, `−€300`, `+€0.40`, `€0`. */
  moneyChange(amount: DecimalString | null): string;
  /** A ratio as per cent: 0.42 → `42%`; one decimal below 10 %. */
  percent(ratio: DecimalString | null): string;
  /** A rate of return, which holds for a year: 5.95 → `595% a year`. */
  yearly(rate: DecimalString | null): string;
  /** A share of something complete: never rounded up to 100 %. */
  share(ratio: DecimalString | null): string;
  /** A difference of ratios in percentage points: 0.03 → `+3 pts`. */
  points(difference: DecimalString | null): string;
  /** A plain figure: `118.3`, `1.04`, `0.0042`. */
  number(value: DecimalString | null): string;
  /** Two figures that are compared: as `number` writes them, with all digits where rounding would make them look equal. */
  apart(a: DecimalString | null, b: DecimalString | null): [string, string];
  /** For evidence: all digits up to the sixth decimal, six significant ones of what is smaller. */
  exact(value: DecimalString | null): string;
  /** `12 Sep 2026`. */
  date(date: LocalDate | null): string;
  /** `12 Sep`. */
  dayMonth(date: LocalDate): string;
  /** A half-open interval as its first and last day: `1–7 Sep 2026`. */
  period(from: LocalDate, to: LocalDate): string;
  /** `12 Sep 2026, 14:05 CEST`. */
  instant(atMs: number | null): string;
}

export const NOT_AVAILABLE = 'n/a';

const cache = new Map<string, Format>();
/** A fleet has few readers' settings; the cap only guards against a flood of them. */
const CACHE_LIMIT = 200;

/** Formatting for one locale (BCP 47), currency and IANA time zone; formatters are built once and kept. */
export function createFormat(reader: { locale: string; currency: CurrencyCode; timeZone: string }): Format {
  const key = `${reader.locale}|${reader.currency}|${reader.timeZone}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= CACHE_LIMIT) cache.clear();
  const format = build(reader);
  cache.set(key, format);
  return format;
}

function build({ locale, currency, timeZone }: { locale: string; currency: CurrencyCode; timeZone: string }): Format {
  const money = { style: 'currency', currency } as const;
  const whole = writer(locale, { ...money, maximumFractionDigits: 0 });
  const cents = writer(locale, money);
  const compact = writer(locale, { ...money, notation: 'compact', maximumFractionDigits: 1 });
  const change = writer(locale, { ...money, maximumFractionDigits: 0, signDisplay: 'exceptZero' });
  const changeCents = writer(locale, { ...money, signDisplay: 'exceptZero' });
  const percent = writer(locale, { style: 'percent', maximumFractionDigits: 0 });
  const percentFine = writer(locale, { style: 'percent', maximumFractionDigits: 1 });
  const shareDown = writer(locale, { style: 'percent', maximumFractionDigits: 1, roundingMode: 'trunc' });
  const points = writer(locale, { maximumFractionDigits: 0, signDisplay: 'exceptZero' });
  const pointsFine = writer(locale, { maximumFractionDigits: 1, signDisplay: 'exceptZero' });
  const plain = writer(locale, { maximumFractionDigits: 1 });
  const exact = writer(locale, { maximumFractionDigits: 6 });
  const tiny = writer(locale, { maximumSignificantDigits: 6 });
  const unrounded = writer(locale, { maximumFractionDigits: 12 });
  const fine = writer(locale, { maximumFractionDigits: 2 });
  const small = writer(locale, { maximumSignificantDigits: 3 });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
  const dayMonth = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const moment = new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone,
  });
  const isolate = isolated(locale);
  const orNot =
    <T>(write: (value: T) => string) =>
    (value: T | null) =>
      value === null ? NOT_AVAILABLE : write(value);
  const inCents = (amount: DecimalString): boolean => size(amount) < 100 && !isWhole(amount);
  const number = orNot((value: DecimalString) =>
    size(value) < 1 ? small(value) : size(value) < 10 ? fine(value) : plain(value),
  );
  return {
    money: orNot((amount: DecimalString) => (inCents(amount) ? cents(amount) : whole(amount))),
    moneyCompact: orNot((amount: DecimalString) => compact(amount)),
    moneyChange: orNot((amount: DecimalString) => (inCents(amount) ? changeCents(amount) : change(amount))),
    percent: orNot((ratio: DecimalString) => (size(ratio) < 0.1 ? percentFine(ratio) : percent(ratio))),
    yearly: orNot((rate: DecimalString) => `${size(rate) < 0.1 ? percentFine(rate) : percent(rate)} a year`),
    share: orNot((ratio: DecimalString) => shareDown(ratio)),
    points: orNot((difference: DecimalString) => {
      const inPoints = shifted(difference);
      const places = size(inPoints) < 1 ? 1 : 0;
      const one = new Decimal(inPoints).toDecimalPlaces(places, Decimal.ROUND_HALF_UP).abs().equals(1);
      return `${places === 1 ? pointsFine(inPoints) : points(inPoints)} ${one ? 'pt' : 'pts'}`;
    }),
    number,
    apart: (a, b) => {
      const written: [string, string] = [number(a), number(b)];
      const alike = a !== null && b !== null && written[0] === written[1] && !new Decimal(a).equals(b);
      return alike ? [unrounded(a), unrounded(b)] : written;
    },
    exact: orNot((value: DecimalString) => (size(value) < 0.001 && size(value) > 0 ? tiny(value) : exact(value))),
    date: orNot((date: LocalDate) => isolate(threeLetters(day.format(utc(date))))),
    dayMonth: (date) => isolate(threeLetters(dayMonth.format(utc(date)))),
    period: (from, to) =>
      isolate(threeLetters(day.formatRange(utc(from), utc(lastDay(from, to)))).replaceAll('\u2009', ' ')),
    instant: orNot((atMs: number) => isolate(threeLetters(moment.format(atMs)))),
  };
}

/** Decimal strings go to Intl as they are: no float comes between. A hyphen as minus becomes a true minus, and −0 is 0. */
function writer(locale: string, options: Intl.NumberFormatOptions): (value: DecimalString) => string {
  const display = options.signDisplay ?? 'negative';
  const format = new Intl.NumberFormat(locale, { ...options, signDisplay: display });
  const isolate = isolated(locale);
  return (value) =>
    isolate(
      format
        .formatToParts(value as `${number}`)
        .map((part) => (part.type === 'minusSign' ? '−' : part.value))
        .join(''),
    );
}

/** Figures of a script that runs from right to left would tear the sentence about them apart: they stand isolated in it. */
function isolated(locale: string): (text: string) => string {
  const script = new Intl.Locale(locale).maximize().script ?? 'Latn';
  return RIGHT_TO_LEFT.has(script) ? (text) => `\u2068${text}\u2069` : (text) => text;
}
const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(['Arab', 'Hebr', 'Syrc', 'Thaa', 'Nkoo', 'Adlm', 'Rohg']);

/** British CLDR data write `Sept` where every other month has three letters: columns would not line up. */
function threeLetters(text: string): string {
  return text.replace(/\bSept\b(?!\.)/g, 'Sep');
}

/** Magnitude for choosing a precision only, never for a figure that is shown. */
function size(value: DecimalString): number {
  return Math.abs(Number(value));
}

function isWhole(value: DecimalString): boolean {
  return /^-?\d+(\.0*)?$/.test(value);
}

/** Times 100, by moving the decimal point; digits past 1e-12 points do not matter to a reader. */
function shifted(value: DecimalString): DecimalString {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value);
  if (match === null) return String(Number(value) * 100);
  const fraction = (match[3] ?? '').padEnd(2, '0');
  return `${match[1]}${match[2]}${fraction.slice(0, 2)}.${fraction.slice(2) || '0'}`;
}

function utc(date: LocalDate): number {
  return Date.parse(`${date.slice(0, 10)}T00:00:00Z`);
}

function lastDay(from: LocalDate, to: LocalDate): LocalDate {
  return to > from ? Temporal.PlainDate.from(to).subtract({ days: 1 }).toString() : from;
}

/** The local date of an instant. */
export function localDateOf(atMs: number, timeZone: string): LocalDate {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone).toPlainDate().toString();
}

/** Instant of a schedule's slot (`2026-09-14T06:00:00Z` or `2026-09-14T08:00[Europe/Berlin]`); null for any other id. */
export function slotInstantMs(slot: string): number | null {
  try {
    return slot.includes('[')
      ? Temporal.ZonedDateTime.from(slot).epochMilliseconds
      : Temporal.Instant.from(slot).epochMilliseconds;
  } catch {
    return null;
  }
}
