import { z } from 'zod';
import type { Measurement } from '#domain';
import {
  asRecord,
  DistinctPoints,
  keptLabels,
  LeftOut,
  labelsKey,
  noSeriesWarning,
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
import { containerOf } from './nerdgraph.ts';
import type { NewRelicOptions, NewRelicStream } from './options.ts';
import { badShape, facetsOf, resultOf } from './row.ts';

/** What `pull` archives beside the body. */
const pageShape = z.object({ stepMs: z.number(), fromMs: z.number(), toMs: z.number() });

const MOST_MESSAGES = 20;
/** LIMIT MAX gives so many series; the source keeps silent about the rest. */
const MOST_SERIES = 5000;

/** The rows of one TIMESERIES query as measurements: an interval under its start, with its own length. */
export function parseBuckets(page: RawPage, ctx: ParseContext<NewRelicOptions, NewRelicStream>): ParsedPage {
  const place = `stream ${ctx.streamId}`;
  const meta = pageMeta(page.meta, pageShape, place, badShape);
  const container = containerOf(pageJson(page.body, place, badShape));
  const rows = container?.['results'];
  if (container === null || !Array.isArray(rows)) throw badShape(`${place}: the answer has no results`);
  const metadata = asRecord(container['metadata']);
  const facets = namesOf(metadata?.['facets']);

  const { unit } = ctx.stream;
  const convert = streamConversion(ctx.stream, place);
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut();
  const warnings = new Set<string>();
  const series = new Set<string>();
  const distinct = new DistinctPoints();
  rows.forEach((item: unknown, index) => {
    const where = `${place}: row ${index + 1}`;
    const row = asRecord(item);
    if (row === null) throw badShape(`${where} is ${shownValue(item)}, expected an object`);
    const atMs = readSeconds(row['beginTimeSeconds'], `${where}, beginTimeSeconds`);
    const endMs = readSeconds(row['endTimeSeconds'], `${where}, endTimeSeconds`);
    const all = facetsOf(row, facets, where);
    const facetKey = JSON.stringify(all);
    series.add(facetKey);
    const labels = keptLabels(Object.entries(all), ctx.stream.labels);
    const shown = `${new Date(atMs).toISOString()} of ${Object.values(all).join(', ') || 'all'}`;
    const value = resultOf(row, { facets: Object.keys(all), ...ctx.stream }, where);
    const clash = (): PermanentError =>
      badShape(
        `${where}: series cannot be told apart, the second is ${shownValue(Object.values(all).join(', '))}`,
        'Name more facets in labels, or use fewer in the query.',
      );
    if (!distinct.isNew(labelsKey(labels), atMs, { series: facetKey, value }, clash)) return;
    if (value === null) leftOut.add('no value', shown);
    else if (atMs < meta.fromMs || endMs > meta.toMs || endMs <= atMs) leftOut.add(OUTSIDE_OF_REQUEST, shown);
    else {
      if (endMs - atMs !== meta.stepMs) warnings.add(otherIntervalWarning('New Relic', endMs - atMs, meta.stepMs));
      measurements.push({ labels, unit, atMs, durationMs: endMs - atMs, value: convert(value), status: 'final' });
    }
  });
  for (const message of namesOf(metadata?.['messages']).slice(0, MOST_MESSAGES))
    warnings.add(`New Relic notes: ${message.slice(0, 500)}`);
  if (series.size >= MOST_SERIES)
    warnings.add(
      `there are ${series.size} series, the most that the source gives: some may be missing; use fewer facets`,
    );
  if (rows.length === 0) warnings.add(noSeriesWarning('query', meta));
  return { measurements, costs: [], warnings: [...warnings, ...leftOut.warnings()] };
}

const namesOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

function readSeconds(value: unknown, place: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 8.64e12) return Math.round(value * 1000);
  throw badShape(`${place} is ${shownValue(value)}, expected seconds`);
}
