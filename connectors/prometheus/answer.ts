import { z } from 'zod';
import type { Measurement } from '#domain';
import {
  asRecord,
  badShapeWith,
  betweenInstants,
  DistinctSeries,
  keptLabels,
  noSeriesWarning,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  pageJson,
  pageMeta,
  type RawPage,
  shownValue,
  streamConversion,
  textOfScalar,
} from '#kit';
import type { PrometheusOptions, PrometheusStream } from './options.ts';
import { gapsOf } from './query-range.ts';

/** What `pull` archives beside the body. */
const pageShape = z.object({
  stepMs: z.number(),
  sample: z.enum(['interval', 'instant']),
  startMs: z.number(),
  endMs: z.number(),
});
const badShape = badShapeWith('Check that url leads to Prometheus, or to something that speaks its HTTP API.');

/** Named in a warning; the rest is counted. */
const MOST_NAMED = 5;
const MOST_MESSAGES = 20;
const LONGEST_NAME = 500;
/** Series whose odd values are told of; a query may give thousands. */
const MOST_SERIES_NAMED = 50;
/** GreptimeDB writes infinities small. */
const SPECIAL_VALUES: ReadonlySet<string> = new Set(['NaN', '+Inf', '-Inf', 'Inf', 'inf', '-inf']);

/** One `query_range` answer of resultType `matrix` as measurements. Values are strings there, to carry NaN and ±Inf. */
export function parseMatrix(page: RawPage, ctx: ParseContext<PrometheusOptions, PrometheusStream>): ParsedPage {
  const place = `stream ${ctx.streamId}`;
  const meta = pageMeta(page.meta, pageShape, place, badShape);
  const answer = asRecord(pageJson(page.body, place, badShape));
  const data = asRecord(answer?.['data']);
  if (answer?.['status'] !== 'success' || data === null)
    throw badShape(`${place}: the answer is not a successful result of Prometheus`);
  if (data['resultType'] !== 'matrix' || !Array.isArray(data['result']))
    throw badShape(`${place}: resultType is ${shownValue(data['resultType'])}, expected "matrix"`);

  const convert = streamConversion(ctx.stream, place);
  const measurements: Measurement[] = [];
  const gaps = gapsOf(answer);
  const warnings = messages(gaps, 'Prometheus warns, the answer may be incomplete: ');
  warnings.push(...messages(remarks(answer['warnings'], gaps), 'Prometheus warns: '));
  warnings.push(...messages(answer['infos'], 'Prometheus notes: '));
  const odd: string[] = [];
  const distinct = new DistinctSeries(
    place,
    (labels) => `Aggregate in the query, such as sum by (${Object.keys(labels).join(', ')}) (…), or name more labels.`,
  );
  let outside = 0;

  data['result'].forEach((item: unknown, index) => {
    const series = asRecord(item);
    const metric = asRecord(series?.['metric']);
    if (series === null || metric === null) throw badShape(`${place}: series ${index + 1} has no metric`);
    if (!isLabelSet(metric)) throw badShape(`${place}: series ${index + 1} has a label that is no text`);
    const name = seriesName(metric);
    if (Array.isArray(series['histograms']) && series['histograms'].length > 0)
      throw new PermanentError('source/bad-shape', `${place}: ${name} is a native histogram, not a number`, {
        hint: 'Take a number out of it in the query: histogram_count(…), histogram_sum(…) or histogram_quantile(0.95, …).',
      });
    if (!Array.isArray(series['values'])) throw badShape(`${place}: ${name} has no values`);
    const labels = labelsOf(metric, ctx.stream.labels);
    distinct.add(labels, name);

    const oddities: string[] = [];
    series['values'].forEach((pair: unknown, position) => {
      const { pointMs, value, text } = readPair(pair, () => `${place}: ${name}, value ${position + 1}`);
      if (pointMs < meta.startMs || pointMs > meta.endMs) {
        outside += 1;
        return;
      }
      // Not a number is not zero: nothing is stored, and the operator is told where.
      if (!Number.isFinite(value)) {
        oddities.push(`${new Date(pointMs).toISOString()} (${text})`);
        return;
      }
      measurements.push({
        labels,
        unit: ctx.stream.unit,
        atMs: meta.sample === 'interval' ? pointMs - meta.stepMs : pointMs,
        durationMs: meta.sample === 'interval' ? meta.stepMs : 0,
        value: convert(value),
        status: 'final',
      });
    });
    if (oddities.length > 0) odd.push(oddityWarning(name, oddities));
  });
  warnings.push(...odd.slice(0, MOST_SERIES_NAMED));
  if (odd.length > MOST_SERIES_NAMED)
    warnings.push(`left out samples of ${odd.length - MOST_SERIES_NAMED} more series without a finite value`);
  const span = { fromMs: meta.startMs, toMs: meta.endMs };
  if (outside > 0) warnings.push(`left out ${outside} samples that do not lie between ${betweenInstants(span)}`);
  if (data['result'].length === 0) warnings.push(noSeriesWarning('query', span));
  return { measurements, costs: [], warnings };
}

function isLabelSet(metric: Record<string, unknown>): metric is Record<string, string> {
  return Object.values(metric).every((value) => typeof value === 'string');
}

function oddityWarning(name: string, oddities: readonly string[]): string {
  const named = oddities.slice(0, MOST_NAMED).join(', ');
  const more = oddities.length > MOST_NAMED ? ` and ${oddities.length - MOST_NAMED} more` : '';
  const samples = oddities.length === 1 ? '1 sample' : `${oddities.length} samples`;
  return `left out ${samples} of ${name} without a finite value: ${named}${more}`;
}

/** As PromQL writes it: `up{job="node"}`. */
function seriesName(metric: Record<string, string>): string {
  const labels = Object.entries(metric)
    .filter(([name]) => name !== '__name__')
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const name = `${metric['__name__'] ?? ''}{${labels.join(', ')}}`;
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}

/** The name of the metric is a label only for who wants it. */
function labelsOf(metric: Record<string, string>, wanted: readonly string[] | undefined): Record<string, string> {
  const all = Object.entries(metric);
  return keptLabels(wanted === undefined ? all.filter(([name]) => name !== '__name__') : all, wanted);
}

/** `place` is only worked out for a complaint: a page may hold a million pairs. */
function readPair(pair: unknown, place: () => string): { pointMs: number; value: number; text: string } {
  if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'number' || typeof pair[1] !== 'string')
    throw badShape(`${place()} is ${shownValue(pair)}, expected [time, "number"]`);
  const [time, text] = pair;
  const special = SPECIAL_VALUES.has(text);
  const value = special ? Number.NaN : Number(text);
  if (!special && (text.trim() === '' || Number.isNaN(value)))
    throw new PermanentError('source/bad-number', `${place()} is ${shownValue(text)}, not a number`);
  return { pointMs: Math.round(time * 1000), value, text };
}

const remarks = (warnings: unknown, gaps: readonly string[]): unknown[] =>
  Array.isArray(warnings) ? warnings.filter((warning) => !gaps.includes(textOfScalar(warning))) : [];

function messages(value: unknown, prefix: string): string[] {
  return Array.isArray(value)
    ? value.slice(0, MOST_MESSAGES).map((item) => `${prefix}${textOfScalar(item).slice(0, 500)}`)
    : [];
}
