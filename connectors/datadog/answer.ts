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
  OUTSIDE_OF_REQUEST,
  otherIntervalWarning,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  pageJson,
  pageMeta,
  type RawPage,
  sourceUnitHint,
  streamConversion,
  unitsDisagree,
} from '#kit';
import { mostGroups } from './groups.ts';
import type { DatadogOptions, DatadogStream } from './options.ts';
import { readSeriesV1, readSeriesV2, type Series } from './series.ts';
import { unitOfSeries } from './unit-of-series.ts';

/** What `pull` archives beside the body. */
const pageShape = z.object({ api: z.string(), stepMs: z.number(), fromMs: z.number(), toMs: z.number() });
type PageMeta = z.output<typeof pageShape>;
const badShape = badShapeWith('Check that url leads to the API of Datadog.');

/** One timeseries answer of v1 or v2 as measurements: an interval under its start. */
export function parsePoints(page: RawPage, ctx: ParseContext<DatadogOptions, DatadogStream>): ParsedPage {
  const place = `stream ${ctx.streamId}`;
  const meta = pageMeta(page.meta, pageShape, place, badShape);
  const answer = asRecord(pageJson(page.body, place, badShape));
  if (answer === null) throw badShape(`${place}: the answer is no object`);
  const series = meta.api === 'v1' ? readSeriesV1(answer, place) : readSeriesV2(answer, place);

  const { unit } = ctx.stream;
  const taken = ctx.stream.sourceUnit ?? unit;
  const convert = streamConversion(ctx.stream, place);
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut();
  const warnings = new Set<string>();
  const distinct = new DistinctSeries(place, () => 'Name more tags in labels, or group by fewer in the query.');
  for (const each of series) {
    const labels = keptLabels(labelsOf(each.tags), ctx.stream.labels);
    distinct.add(labels, each.tags.join(',') || '*');
    compareUnit(each, taken, ctx, warnings);
    const intervalMs = each.intervalMs ?? intervalOf(each.points, meta);
    if (intervalMs !== meta.stepMs) warnings.add(otherIntervalWarning('Datadog', intervalMs, meta.stepMs));
    for (const [atMs, value] of each.points) {
      const where = (): string => `${new Date(atMs).toISOString()} of ${each.tags.join(',') || '*'}`;
      // Shorter ones would overlap, each with the length of the step.
      if (each.intervalMs === null && intervalMs === meta.stepMs && atMs % meta.stepMs !== 0)
        throw new PermanentError('source/bad-shape', `${place}: ${where()} does not begin an interval of the step`, {
          hint: 'The query has an interval of its own: make it the same as step, or leave it out.',
        });
      if (value === null) leftOut.add('no value', where());
      else if (atMs < meta.fromMs || atMs + intervalMs > meta.toMs) leftOut.add(OUTSIDE_OF_REQUEST, where());
      else measurements.push({ labels, unit, atMs, durationMs: intervalMs, value: convert(value), status: 'final' });
    }
  }
  const most = mostGroups(ctx.stream.queries);
  if (most !== null && series.length >= most)
    warnings.add(
      `there are ${series.length} groups, as many as were asked for: some may be missing; raise limit of group_by`,
    );
  if (series.length === 0) warnings.add(noSeriesWarning('query', meta));
  return { measurements, costs: [], warnings: [...fewOf(warnings), ...leftOut.warnings()] };
}

/** Beyond as many intervals in a request the source may answer in longer ones. */
const SURELY_KEPT = 300;

/**
 * v2 does not say how long an interval is. Times may be missing where nothing happened, so wider spacing alone says
 * nothing: only times that fill a long request evenly, on whole multiples of their spacing, are longer intervals.
 */
function intervalOf(points: Series['points'], { stepMs, fromMs, toMs }: PageMeta): number {
  const [first, second] = points;
  const last = points.at(-1);
  if (first === undefined || second === undefined || last === undefined) return stepMs;
  const spacingMs = second[0] - first[0];
  if (spacingMs <= stepMs || (toMs - fromMs) / stepMs <= SURELY_KEPT) return stepMs;
  const isEven = points.every(([atMs], index) => atMs === first[0] + index * spacingMs && atMs % spacingMs === 0);
  const isFull = first[0] < fromMs + spacingMs && last[0] >= toMs - 2 * spacingMs;
  return isEven && isFull && points.length > 3 ? spacingMs : stepMs;
}

/** What the source says of a query's unit contradicts the stream: an error. Of a formula's it only guesses: a warning. */
function compareUnit(
  { unit }: Series,
  taken: string,
  { stream, streamId }: ParseContext<DatadogOptions, DatadogStream>,
  warnings: Set<string>,
): void {
  const declared = unitOfSeries(unit);
  if (declared === null || !unitsDisagree(declared, taken)) return;
  const message = `Datadog gives the values in ${declared}, the stream takes them for ${taken}`;
  if (stream.formula !== undefined || /[-+*/]/.test((stream.query ?? '').replace(/\{[^}]*\}/g, ''))) {
    warnings.add(message);
    return;
  }
  const hint = sourceUnitHint(declared, stream.unit);
  throw new PermanentError('source/unit-mismatch', `stream ${streamId}: ${message}`, { hint });
}

/** `shop:de` becomes `shop: de`. Values of one tag come in any order. */
function labelsOf(tags: readonly string[]): [string, string][] {
  const values = new Map<string, string[]>();
  for (const tag of tags) {
    const colon = tag.indexOf(':');
    const [name, value] = colon < 1 ? [tag, ''] : [tag.slice(0, colon), tag.slice(colon + 1)];
    if (name !== '') values.set(name, [...(values.get(name) ?? []), value]);
  }
  return [...values].map(([name, each]) => [name, each.sort().join(',')]);
}
