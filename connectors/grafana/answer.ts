import { z } from 'zod';
import type { Measurement } from '#domain';
import {
  DistinctPoints,
  fewOf,
  keptLabels,
  LeftOut,
  labelsKey,
  noSeriesWarning,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  pageJson,
  pageMeta,
  type RawPage,
  shownValue,
  streamConversion,
} from '#kit';
import { badShape, type Field, type Frame, readFrames } from './frames.ts';
import type { GrafanaOptions, GrafanaStream } from './options.ts';
import { resultOf } from './query.ts';
import { checkUnit } from './unit-of-field.ts';

/** What `pull` archives beside the body. */
const pageShape = z.object({
  stepMs: z.number(),
  sample: z.enum(['interval', 'instant']),
  stamp: z.enum(['start', 'end']),
  fromMs: z.number(),
  toMs: z.number(),
});

/** One answer of `/api/ds/query`: frames of time series, wide, long or many. Null and NaN are left out and said. */
export function parseFrames(page: RawPage, ctx: ParseContext<GrafanaOptions, GrafanaStream>): ParsedPage {
  const { stream } = ctx;
  const place = `stream ${ctx.streamId}`;
  const meta = pageMeta(page.meta, pageShape, place, badShape);
  const result = resultOf(pageJson(page.body, place, badShape));
  if (result === null) throw badShape(`${place}: the answer has no results of the query A`);
  if (typeof result['error'] === 'string')
    throw badShape(`${place}: the result is an error: ${shownValue(result['error'])}`);
  const convert = streamConversion(stream, place);
  const frames = readFrames(result, place);
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut();
  // Prometheus: each frame has all of them.
  const said = new Set<string>();
  const distinct = new DistinctPoints();
  let points = 0;
  for (const [index, frame] of frames.entries()) {
    for (const { severity, text } of frame.notices)
      if (severity !== 'info') said.add(`the data source says (${severity}): ${text}`);
    const time = frame.fields.find(({ type }) => type === 'time');
    const numbers = numbersOf(frame, stream, `${place}: frame ${index + 1}`);
    if (time === undefined || numbers.length === 0) {
      if (frame.fields.every(({ values }) => values.length === 0)) continue;
      throw badShape(
        `${place}: frame ${index + 1} has ${time === undefined ? 'no time' : `no number${stream.field === undefined ? '' : ` ${stream.field}`}`}, but ${frame.fields
          .map(({ name, type }) => `${name} (${type})`)
          .join(', ')
          .slice(0, 300)}`,
        'The query must give a time series: format: time_series where the data source knows it.',
      );
    }
    const texts = frame.fields.filter(({ type }) => type === 'string');
    for (const field of numbers) {
      checkUnit(field, stream, place);
      const known = new Map<string, Named>();
      for (const [row, at] of time.values.entries()) {
        const shown = `${field.name === '' ? frame.name : field.name}${shownLabels(field.labels)}`;
        const pointMs = timeOf(at, () => `${place}: ${shown}`);
        const atMs = meta.sample === 'interval' && meta.stamp === 'end' ? pointMs - meta.stepMs : pointMs;
        // Data sources differ in whether the ends of a range belong to it.
        if (atMs < meta.fromMs || atMs >= meta.toMs) continue;
        points += 1;
        if (meta.sample === 'interval' && atMs % meta.stepMs !== 0)
          throw badShape(
            `${place}: ${shown} has a point at ${new Date(pointMs).toISOString()}, which is no whole multiple of the step`,
            'The query must give one point a step: name its interval in the query, as $__interval is.',
          );
        const value = field.values[row] ?? null;
        const when = (): string => `${new Date(pointMs).toISOString()} of ${shown}`;
        // JSON may write a number that no float holds, such as 1e400.
        if (field.oddities.has(row) || value === Infinity || value === -Infinity) {
          leftOut.add('not a finite number', when());
          continue;
        }
        if (value === null) {
          leftOut.add('no value', when());
          continue;
        }
        if (typeof value !== 'number')
          throw new PermanentError(
            'source/bad-number',
            `${place}: ${shown} at ${new Date(pointMs).toISOString()} is ${shownValue(value)}, not a number`,
          );
        const { labels, series } = namedBy(frame, field, texts, row, stream, known);
        const clash = (earlier: number | null): PermanentError =>
          badShape(
            `${place}: two values at ${new Date(pointMs).toISOString()} cannot be told apart: ${earlier} and ${value} of ${shown}`,
            'Aggregate in the query, name one field, or name more labels (`field` is the name of the field).',
          );
        if (!distinct.isNew(labelsKey(labels), atMs, { series, value }, clash)) continue;
        measurements.push({
          labels,
          unit: stream.unit,
          atMs,
          durationMs: meta.sample === 'interval' ? meta.stepMs : 0,
          value: convert(value),
          status: 'final',
        });
      }
    }
  }
  const warnings = [...fewOf(said), ...leftOut.warnings()];
  if (points === 0) warnings.push(noSeriesWarning('query', meta));
  return { measurements, costs: [], warnings };
}

function numbersOf(frame: Frame, stream: GrafanaStream, place: string): Field[] {
  const numbers = frame.fields.filter(
    ({ type, name }) => type === 'number' && (stream.field === undefined || name === stream.field),
  );
  // Native histograms and heat maps.
  if (frame.fields.some(({ name }) => name === 'yMin') && frame.fields.some(({ name }) => name === 'yMax'))
    throw badShape(
      `${place} is a histogram, not a number`,
      'Take a number out of it in the query: histogram_quantile(0.95, …).',
    );
  return numbers;
}

interface Named {
  labels: Record<string, string>;
  /** What tells the series from every other one of the answer, beyond its labels. */
  series: string;
}

/** Labels of the field and, in long frames, texts of the row. */
function namedBy(
  frame: Frame,
  field: Field,
  texts: readonly Field[],
  row: number,
  { labels: wanted }: GrafanaStream,
  known: Map<string, Named>,
): Named {
  const cells = texts.flatMap(({ name, values }): [string, string][] => {
    const text = values[row];
    return typeof text === 'string' ? [[name, text]] : [];
  });
  const key = JSON.stringify(cells);
  const before = known.get(key);
  if (before !== undefined) return before;
  const entries: [string, string][] = [
    ...Object.entries(field.labels).filter(([name]) => name !== '__name__'),
    ...cells,
  ];
  if (wanted?.includes('field') === true) entries.push(['field', field.name]);
  const labels = keptLabels(
    entries.filter(([, text]) => text !== ''),
    wanted,
  );
  const named = { labels, series: JSON.stringify([frame.name, field.name, field.labels, cells]) };
  known.set(key, named);
  return named;
}

function shownLabels(labels: Record<string, string>): string {
  const shown = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return shown.length === 0 ? '' : `{${shown.join(', ')}}`.slice(0, 300);
}

function timeOf(at: unknown, place: () => string): number {
  if (typeof at === 'number' && Number.isSafeInteger(at) && Math.abs(at) <= 8.64e15) return at;
  throw badShape(`${place()} has the time ${shownValue(at)}, expected milliseconds`);
}
