import { z } from 'zod';
import type { Measurement } from '#domain';
import {
  asRecord,
  badShapeWith,
  DistinctSeries,
  fewOf,
  keptLabels,
  LeftOut,
  noSeriesWarning,
  numberOrNull,
  OUTSIDE_OF_REQUEST,
  otherIntervalWarning,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  pageJson,
  pageMeta,
  type RawPage,
  shownValue,
  streamConversion,
} from '#kit';
import type { DynatraceOptions, DynatraceStream } from './options.ts';
import { startOfSlot } from './slots.ts';

/** What `pull` archives beside the body. */
const pageShape = z.object({ stepMs: z.number(), fromMs: z.number(), toMs: z.number() });
const badShape = badShapeWith('Check that url leads to the environment, without /api at its end.');

const MOST_MESSAGES = 20;
const LAST_DATE_MS = 8.64e15;
/** What Dynatrace no longer tells apart, above the number of dimensions that it keeps. */
const REMAINDER = 'remainder';

/** The data points of one metric as measurements. A time stamp is the end of its slot; it is stored under its start. */
export function parsePoints(page: RawPage, ctx: ParseContext<DynatraceOptions, DynatraceStream>): ParsedPage {
  const place = `stream ${ctx.streamId}`;
  const meta = pageMeta(page.meta, pageShape, place, badShape);
  const answer = asRecord(pageJson(page.body, place, badShape));
  const result = answer?.['result'];
  if (answer === null || !Array.isArray(result)) throw badShape(`${place}: the answer has no result`);
  if (result.length > 1)
    throw badShape(`${place}: the selector gives ${result.length} metrics`, 'Write a stream for each of them.');
  const collection = result.length === 0 ? {} : asRecord(result[0]);
  const data = collection?.['data'] ?? [];
  if (collection === null || !Array.isArray(data)) throw badShape(`${place}: the metric has no data`);
  refuseCut(collection, place);

  const { unit } = ctx.stream;
  const convert = streamConversion(ctx.stream, place);
  const warnings = new Set<string>();
  for (const warning of [...textsOf(answer['warnings']), ...textsOf(collection['warnings'])].slice(0, MOST_MESSAGES))
    warnings.add(`Dynatrace warns: ${warning.slice(0, 500)}`);
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut();
  const distinct = new DistinctSeries(
    place,
    () => 'Name more dimensions in labels, or split by fewer in the selector.',
  );
  data.forEach((item: unknown, index) => {
    const where = `${place}: series ${index + 1}`;
    const { timestamps, values, ...series } = { ...asRecord(item) };
    if (!Array.isArray(timestamps) || !Array.isArray(values)) throw badShape(`${where} lacks timestamps or values`);
    if (timestamps.length !== values.length)
      throw badShape(`${where} has ${values.length} values at ${timestamps.length} times`);
    const all = dimensionsOf(series, where);
    const labels = keptLabels(Object.entries(all), ctx.stream.labels);
    const name = Object.values(all).join(', ') || 'all';
    distinct.add(labels, name);
    timestamps.forEach((time: unknown, at) => {
      const endMs = readTime(time, () => `${where}, time ${at + 1}`);
      const value = numberOrNull(values[at], () => `${where}, value ${at + 1}`);
      const atMs = startOfSlot(endMs, answer['resolution'], meta.stepMs, where);
      // The slots before and behind come along where a border of the request falls into them.
      if (endMs <= meta.fromMs || atMs >= meta.toMs) return;
      const shown = (): string => `${new Date(atMs).toISOString()} of ${name}`;
      if (value === null) leftOut.add('no value', shown());
      else if (atMs < meta.fromMs || endMs > meta.toMs) leftOut.add(OUTSIDE_OF_REQUEST, shown());
      else {
        const durationMs = endMs - atMs;
        if (durationMs !== meta.stepMs) warnings.add(otherIntervalWarning('Dynatrace', durationMs, meta.stepMs));
        measurements.push({ labels, unit, atMs, durationMs, value: convert(value), status: 'final' });
      }
    });
  });
  if (data.length === 0) warnings.add(noSeriesWarning('selector', meta));
  return { measurements, costs: [], warnings: [...fewOf(warnings), ...leftOut.warnings()] };
}

/** Beyond 100,000 combinations of dimensions the source leaves out the rest: sums would be too low. */
function refuseCut(collection: Record<string, unknown>, place: string): void {
  for (const name of ['dimensionCountRatio', 'dataPointCountRatio']) {
    const ratio = collection[name];
    // Documentation shows it as text, servers send a number.
    if ((typeof ratio === 'number' || typeof ratio === 'string') && Number(ratio) > 1)
      throw new PermanentError(
        'source/too-large',
        `${place}: the selector reads more than the source allows (${name})`,
        {
          hint: 'Filter, split by fewer dimensions, or lower pointsPerRequest.',
        },
      );
  }
}

/** By their keys. A value that is null is the remainder; a key that is missing has no value. */
function dimensionsOf(series: Record<string, unknown>, place: string): Record<string, string> {
  const map = asRecord(series['dimensionMap']);
  const list = series['dimensions'];
  const entries: [string, unknown][] =
    map !== null
      ? Object.entries(map)
      : (Array.isArray(list) ? list : []).map((value: unknown, index) => [`dimension${index + 1}`, value]);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (value !== null && typeof value !== 'string')
        throw badShape(`${place}: dimension ${shownValue(name)} is ${shownValue(value)}, expected a text`);
      return [name, value ?? REMAINDER];
    }),
  );
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

function readTime(value: unknown, place: () => string): number {
  if (typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < LAST_DATE_MS / 2)
    return Math.round(value);
  throw badShape(`${place()} is ${shownValue(value)}, expected milliseconds`);
}
