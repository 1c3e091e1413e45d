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
  unitsDisagree,
} from '#kit';
import { mostGroups } from './groups.ts';
import type { DatadogOptions, DatadogStream } from './options.ts';
import { readSeriesV1, readSeriesV2, type Series } from './series.ts';
import { unitOfSeries } from './unit-of-series.ts';

interface PageMeta {
  api: string;
  stepMs: number;
  fromMs: number;
  toMs: number;
}

/** One timeseries answer of v1 or v2 as measurements: an interval under its start. */
export function parsePoints(page: RawPage, ctx: ParseContext<DatadogOptions, DatadogStream>): ParsedPage {
  const place = `stream ${ctx.streamId}`;
  const meta = readMeta(page.meta, place);
  const answer = asRecord(parseJson(page.body, place));
  if (answer === null) throw badShape(`${place}: the answer is no object`);
  const series = meta.api === 'v1' ? readSeriesV1(answer, place) : readSeriesV2(answer, place);

  const { unit } = ctx.stream;
  const taken = ctx.stream.sourceUnit ?? unit;
  const convert = unitConversion(taken, unit);
  if (convert === null)
    throw new PermanentError('source/unit-mismatch', `${place}: ${taken} cannot be converted to ${unit}`);
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut();
  const warnings = new Set<string>();
  const seen = new Set<string>();
  for (const each of series) {
    const labels = keepLabels(each.tags, ctx.stream.labels);
    const key = JSON.stringify(Object.entries(labels));
    if (seen.has(key)) throw cannotBeToldApart(place, each.tags);
    seen.add(key);
    compareUnit(each, taken, ctx, warnings);
    const intervalMs = each.intervalMs ?? intervalOf(each.points, meta);
    if (intervalMs !== meta.stepMs)
      warnings.add(
        `Datadog answers in intervals of ${intervalMs / 1000} s, asked for were ${meta.stepMs / 1000} s; they are stored as they are`,
      );
    for (const [atMs, value] of each.points) {
      const where = `${new Date(atMs).toISOString()} of ${each.tags.join(',') || '*'}`;
      // Shorter ones would overlap, each with the length of the step.
      if (each.intervalMs === null && intervalMs === meta.stepMs && atMs % meta.stepMs !== 0)
        throw new PermanentError('source/bad-shape', `${place}: ${where} does not begin an interval of the step`, {
          hint: 'The query has an interval of its own: make it the same as step, or leave it out.',
        });
      if (value === null) leftOut.add('no value', where);
      else if (atMs < meta.fromMs || atMs + intervalMs > meta.toMs)
        leftOut.add('its interval does not lie within what was asked for', where);
      else measurements.push({ labels, unit, atMs, durationMs: intervalMs, value: convert(value), status: 'final' });
    }
  }
  const most = mostGroups(ctx.stream.queries);
  if (most !== null && series.length >= most)
    warnings.add(
      `there are ${series.length} groups, as many as were asked for: some may be missing; raise limit of group_by`,
    );
  if (series.length === 0)
    warnings.add(
      `the query gives no series between ${new Date(meta.fromMs).toISOString()} and ${new Date(meta.toMs).toISOString()}`,
    );
  return { measurements, costs: [], warnings: [...warnings, ...leftOut.warnings()] };
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
  const hint =
    unitConversion(declared, stream.unit) === null
      ? 'Correct unit, or the query.'
      : `Write \`sourceUnit: "${declared}"\`; the values are then converted to ${stream.unit}.`;
  throw new PermanentError('source/unit-mismatch', `stream ${streamId}: ${message}`, { hint });
}

/**
 * `shop:de` becomes `shop: de`, in the order of the names, so that the same series always looks the same. Values of one tag
 * come in any order.
 */
function keepLabels(tags: readonly string[], wanted: readonly string[] | undefined): Record<string, string> {
  const pairs = tags
    .map((tag): [string, string] => {
      const colon = tag.indexOf(':');
      return colon < 1 ? [tag, ''] : [tag.slice(0, colon), tag.slice(colon + 1)];
    })
    .filter(([name]) => name !== '' && (wanted === undefined || wanted.includes(name)));
  const kept = new Map<string, string[]>();
  for (const [name, value] of pairs) kept.set(name, [...(kept.get(name) ?? []), value]);
  // Not by assignment: a tag may have any name, `__proto__` too.
  return Object.fromEntries(
    [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => [name, values.sort().join(',')]),
  );
}

function cannotBeToldApart(place: string, tags: readonly string[]): PermanentError {
  const shown = shownValue(tags.join(','));
  return new PermanentError('source/bad-shape', `${place}: two series cannot be told apart, the second is ${shown}`, {
    hint: 'Name more tags in labels, or group by fewer in the query.',
  });
}

function readMeta(meta: Record<string, unknown>, place: string): PageMeta {
  const { api, stepMs, fromMs, toMs } = meta;
  if (typeof api !== 'string' || typeof stepMs !== 'number' || typeof fromMs !== 'number' || typeof toMs !== 'number')
    throw badShape(`${place}: the archived page lacks api, stepMs, fromMs or toMs`);
  return { api, stepMs, fromMs, toMs };
}

function parseJson(body: string, place: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw badShape(`${place}: the page is not JSON`);
  }
}

function badShape(message: string): PermanentError {
  return new PermanentError('source/bad-shape', message, { hint: 'Check that url leads to the API of Datadog.' });
}
