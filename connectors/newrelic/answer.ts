import type { Measurement } from '#domain';
import {
  asRecord,
  LeftOut,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  type RawPage,
  shownValue,
  unitConversion,
} from '#kit';
import { containerOf } from './nerdgraph.ts';
import type { NewRelicOptions, NewRelicStream } from './options.ts';
import { facetsOf, resultOf, type Value } from './row.ts';

const MOST_MESSAGES = 20;
/** LIMIT MAX gives so many series; the source keeps silent about the rest. */
const MOST_SERIES = 5000;

/** The rows of one TIMESERIES query as measurements: an interval under its start, with its own length. */
export function parseBuckets(page: RawPage, ctx: ParseContext<NewRelicOptions, NewRelicStream>): ParsedPage {
  const place = `stream ${ctx.streamId}`;
  const { stepMs, fromMs, toMs } = readMeta(page.meta, place);
  const container = containerOf(parseJson(page.body, place));
  const rows = container?.['results'];
  if (container === null || !Array.isArray(rows)) throw badShape(`${place}: the answer has no results`);
  const metadata = asRecord(container['metadata']);
  const facets = namesOf(metadata?.['facets']);

  const { unit, sourceUnit = unit } = ctx.stream;
  const convert = unitConversion(sourceUnit, unit);
  if (convert === null)
    throw new PermanentError('source/unit-mismatch', `${place}: ${sourceUnit} cannot be converted to ${unit}`);
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut();
  const warnings = new Set<string>();
  const series = new Set<string>();
  const seen = new Map<string, { facets: string; value: Value }>();
  rows.forEach((item: unknown, index) => {
    const where = `${place}: row ${index + 1}`;
    const row = asRecord(item);
    if (row === null) throw badShape(`${where} is ${shownValue(item)}, expected an object`);
    const atMs = readSeconds(row['beginTimeSeconds'], `${where}, beginTimeSeconds`);
    const endMs = readSeconds(row['endTimeSeconds'], `${where}, endTimeSeconds`);
    const all = facetsOf(row, facets, where);
    const facetKey = JSON.stringify(all);
    series.add(facetKey);
    const labels = keepLabels(all, ctx.stream.labels);
    const shown = `${new Date(atMs).toISOString()} of ${Object.values(all).join(', ') || 'all'}`;
    const value = resultOf(row, { facets: Object.keys(all), ...ctx.stream }, where);
    const key = JSON.stringify([atMs, Object.entries(labels)]);
    const earlier = seen.get(key);
    // Equal values are no proof: of two hosts that had three errors each, one would be lost.
    if (earlier !== undefined && (earlier.facets !== facetKey || earlier.value !== value))
      throw cannotBeToldApart(where, all);
    if (earlier !== undefined) return;
    seen.set(key, { facets: facetKey, value });
    if (value === null) leftOut.add('no value', shown);
    else if (atMs < fromMs || endMs > toMs || endMs <= atMs)
      leftOut.add('its interval does not lie within what was asked for', shown);
    else {
      if (endMs - atMs !== stepMs)
        warnings.add(
          `New Relic answers in intervals of ${(endMs - atMs) / 1000} s, asked for were ${stepMs / 1000} s; they are stored as they are`,
        );
      measurements.push({ labels, unit, atMs, durationMs: endMs - atMs, value: convert(value), status: 'final' });
    }
  });
  for (const message of namesOf(metadata?.['messages']).slice(0, MOST_MESSAGES))
    warnings.add(`New Relic notes: ${message.slice(0, 500)}`);
  if (series.size >= MOST_SERIES)
    warnings.add(
      `there are ${series.size} series, the most that the source gives: some may be missing; use fewer facets`,
    );
  if (rows.length === 0)
    warnings.add(
      `the query gives no series between ${new Date(fromMs).toISOString()} and ${new Date(toMs).toISOString()}`,
    );
  return { measurements, costs: [], warnings: [...warnings, ...leftOut.warnings()] };
}

/** In the order of their names, so that the same series always looks the same. */
function keepLabels(
  all: Readonly<Record<string, string>>,
  wanted: readonly string[] | undefined,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all)
      .filter(([name]) => wanted === undefined || wanted.includes(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function cannotBeToldApart(place: string, facets: Readonly<Record<string, string>>): PermanentError {
  const shown = shownValue(Object.values(facets).join(', '));
  return new PermanentError('source/bad-shape', `${place}: series cannot be told apart, the second is ${shown}`, {
    hint: 'Name more facets in labels, or use fewer in the query.',
  });
}

const namesOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

function readSeconds(value: unknown, place: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 8.64e12) return Math.round(value * 1000);
  throw badShape(`${place} is ${shownValue(value)}, expected seconds`);
}

function readMeta(meta: Record<string, unknown>, place: string): { stepMs: number; fromMs: number; toMs: number } {
  const { stepMs, fromMs, toMs } = meta;
  if (typeof stepMs !== 'number' || typeof fromMs !== 'number' || typeof toMs !== 'number')
    throw badShape(`${place}: the archived page lacks stepMs, fromMs or toMs`);
  return { stepMs, fromMs, toMs };
}

function parseJson(body: string, place: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw badShape(`${place}: the page is not JSON`);
  }
}

function badShape(message: string): PermanentError {
  return new PermanentError('source/bad-shape', message, {
    hint: 'Check that url leads to the API of New Relic, without /graphql at its end.',
  });
}
