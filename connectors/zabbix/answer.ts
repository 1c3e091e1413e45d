import { z } from 'zod';
import type { Measurement } from '#domain';
import {
  asRecord,
  badShapeWith,
  floorTo,
  LeftOut,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  pageMeta,
  type RawPage,
  shownValue,
  streamConversion,
} from '#kit';
import { resultOf, rowsOf } from './api.ts';
import type { ZabbixOptions, ZabbixStream } from './options.ts';
import type { PageMeta } from './pull.ts';

const badShape = badShapeWith('Check that url leads to the Zabbix frontend.');
const pageShape: z.ZodType<PageMeta> = z.object({
  source: z.enum(['history', 'trends']),
  fromMs: z.number(),
  toMs: z.number(),
  stepMs: z.number(),
  items: z.custom<PageMeta['items']>((value) => asRecord(value) !== null),
});

/** What is known of one item in one step. */
interface Gathered {
  count: number;
  sum: number;
  min: number;
  max: number;
  last: number;
  /** Time of the last value, in nanoseconds within its second for equal seconds. */
  lastAt: readonly [clock: number, ns: number];
}
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NOT_FINITE = /^[+-]?(nan|inf(inity)?)$/i;
/** The latest instant that a date can be. */
const MOST_SECONDS = 8.64e12;

/** One answer of `history.get` or `trend.get` as measurements: intervals of the stream's step, or values at their own times. */
export function parseValues(page: RawPage, ctx: ParseContext<ZabbixOptions, ZabbixStream>): ParsedPage {
  const meta = pageMeta(page.meta, pageShape, `stream ${ctx.streamId}`, badShape);
  const { aggregate, unit } = ctx.stream;
  const place = `stream ${ctx.streamId}: ${meta.source === 'trends' ? 'trend.get' : 'history.get'}`;
  const convert = aggregate === 'count' ? (value: number) => value : streamConversion(ctx.stream, place);
  const leftOut = new LeftOut({ one: 'value', many: 'values' });
  const gathered = new Map<string, Map<number, Gathered>>(Object.keys(meta.items).map((id) => [id, new Map()]));
  const seen = new Set<string>();
  rowsOf(resultOf(page.body, place), place).forEach((each, index) => {
    const row = asRecord(each);
    const at = (): string => `${place}, row ${index + 1}`;
    const id = typeof row?.['itemid'] === 'number' ? String(row['itemid']) : row?.['itemid'];
    const steps = typeof id === 'string' ? gathered.get(id) : undefined;
    if (row === null || steps === undefined)
      throw badShape(`${at()} is of item ${shownValue(id)}, which was not asked for`);
    const clock = wholeOf(row['clock'], MOST_SECONDS, () => `${at()}: clock`);
    const ns = meta.source === 'trends' ? 0 : wholeOf(row['ns'] ?? 0, 999_999_999, () => `${at()}: ns`);
    // Pages and repeated rows of Zabbix overlap; a value is known by item, second and nanosecond.
    const key = `${id}/${clock}/${ns}`;
    if (seen.has(key)) return;
    seen.add(key);
    const valueMs = clock * 1000 + Math.floor(ns / 1_000_000);
    if (valueMs < meta.fromMs || valueMs >= meta.toMs) return;
    const odd = (reason: string): null => leftOut.add(reason, `${new Date(valueMs).toISOString()} of item ${id}`);
    const told = meta.source === 'trends' ? readTrend(row, at, odd) : readValue(row, aggregate, at, odd);
    if (told === null) return;
    const stepMs = aggregate === 'raw' ? valueMs : floorTo(valueMs, meta.stepMs);
    const known = steps.get(stepMs);
    const next: Gathered = { ...told, lastAt: [clock, ns] };
    if (known !== undefined && aggregate === 'raw') odd('another value of the same millisecond is later');
    steps.set(stepMs, known === undefined ? next : merged(known, next));
  });

  const measurements: Measurement[] = [];
  for (const [id, steps] of gathered)
    for (const [atMs, of] of [...steps].sort(([a], [b]) => a - b)) {
      const value = valueOf(of, aggregate, convert);
      if (!Number.isFinite(value)) {
        leftOut.add('too large for a number', new Date(atMs).toISOString());
        continue;
      }
      measurements.push({
        labels: meta.items[id] ?? {},
        unit,
        atMs,
        durationMs: aggregate === 'raw' ? 0 : meta.stepMs,
        value,
        // An average of averages would be wrong: the sum and the number are kept.
        ...(aggregate === 'avg' ? { numerator: convert(of.sum), denominator: of.count } : {}),
        status: 'final',
      });
    }
  return { measurements, costs: [], warnings: leftOut.warnings() };
}

/** Leaves a value out, and says why. */
type Odd = (reason: string) => null;
type Told = Omit<Gathered, 'lastAt'>;

/** One row of history: a number as text. */
function readValue(
  row: Record<string, unknown>,
  aggregate: ZabbixStream['aggregate'],
  at: () => string,
  odd: Odd,
): Told | null {
  if (aggregate === 'count') return { count: 1, sum: 0, min: 0, max: 0, last: 0 };
  const value = numberOf(row['value'], () => `${at()}: value`, odd);
  return value === null ? null : { count: 1, sum: value, min: value, max: value, last: value };
}

/** An hour of a trend counts as often as it had values. */
function readTrend(row: Record<string, unknown>, at: () => string, odd: Odd): Told | null {
  const [avg, min, max] = (['value_avg', 'value_min', 'value_max'] as const).map((name) =>
    numberOf(row[name], () => `${at()}: ${name}`, odd),
  );
  const count = wholeOf(row['num'], Number.MAX_SAFE_INTEGER, () => `${at()}: num`);
  if (avg == null || min == null || max == null || count === 0) return null;
  return { count, sum: avg * count, min, max, last: avg };
}

function merged(a: Gathered, b: Gathered): Gathered {
  const isLater = b.lastAt[0] > a.lastAt[0] || (b.lastAt[0] === a.lastAt[0] && b.lastAt[1] > a.lastAt[1]);
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    last: isLater ? b.last : a.last,
    lastAt: isLater ? b.lastAt : a.lastAt,
  };
}

function valueOf(of: Gathered, aggregate: ZabbixStream['aggregate'], convert: (value: number) => number): number {
  switch (aggregate) {
    case 'avg':
      return convert(of.sum) / of.count;
    case 'raw':
      return convert(of.last);
    default:
      return convert(of[aggregate]);
  }
}

function numberOf(value: unknown, at: () => string, odd: Odd): number | null {
  if (value === null || value === undefined || value === '') return odd('no value');
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && NOT_FINITE.test(text)) return odd('not a finite number');
  if (typeof text !== 'string' || !NUMBER.test(text) || !Number.isFinite(Number(text)))
    throw new PermanentError('source/bad-number', `${at()} is ${shownValue(value)}, not a number`);
  return Number(text);
}

/** Whole numbers come as text, from some stores as numbers. */
function wholeOf(value: unknown, most: number, at: () => string): number {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 && number <= most) return number;
  throw badShape(`${at()} is ${shownValue(value)}`);
}
