import { z } from 'zod';
import type { Measurement } from '#domain';
import {
  betweenInstants,
  DistinctPoints,
  keptLabels,
  LeftOut,
  labelsKey,
  noSeriesWarning,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  pageMeta,
  type RawPage,
  shownValue,
  streamConversion,
} from '#kit';
import type { InfluxdbOptions, InfluxdbStream } from './options.ts';
import { badShape, readers } from './points.ts';

/** What `pull` archives beside the body. */
const pageShape = z.object({
  form: z.enum(['series', 'rows', 'flux']),
  stepMs: z.number(),
  sample: z.enum(['interval', 'instant']),
  stamp: z.enum(['start', 'end']),
  fromMs: z.number(),
  toMs: z.number(),
});

/** One answer as measurements. Nulls (`fill(null)`, `createEmpty`) and NaN are left out and said, never zero. */
export function parseAnswer(page: RawPage, ctx: ParseContext<InfluxdbOptions, InfluxdbStream>): ParsedPage {
  const place = `stream ${ctx.streamId}`;
  const meta = pageMeta(page.meta, pageShape, place, badShape);
  const convert = streamConversion(ctx.stream, place);
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut();
  const distinct = new DistinctPoints();
  const labelSets = new Map<Record<string, string>, { labels: Record<string, string>; key: string }>();
  let points = 0;
  let outside = 0;
  for (const point of readers[meta.form](page.body, ctx, place)) {
    points += 1;
    const pointMs = timeOf(point.time, () => `${place}: ${point.name}`);
    const atMs = meta.sample === 'interval' && meta.stamp === 'end' ? pointMs - meta.stepMs : pointMs;
    if (meta.sample === 'interval' && atMs % meta.stepMs !== 0)
      throw badShape(
        `${place}: ${point.name} has a point at ${new Date(pointMs).toISOString()}, which is no whole multiple of the step`,
        'The query must group time by the step, without offset or time zone; for points as they were written say sample: instant.',
      );
    if (atMs < meta.fromMs || atMs >= meta.toMs) {
      outside += 1;
      continue;
    }
    let set = labelSets.get(point.tags);
    if (set === undefined) {
      const labels = labelsOf(point.tags, ctx.stream.labels);
      set = { labels, key: labelsKey(labels) };
      labelSets.set(point.tags, set);
    }
    const value = numberOf(point.value, () => `${place}: ${point.name} at ${new Date(pointMs).toISOString()}`);
    if (value === null || !Number.isFinite(value)) {
      leftOut.add(
        value === null ? 'no value' : 'not a finite number',
        `${new Date(pointMs).toISOString()} of ${point.name}`,
      );
      continue;
    }
    const clash = (earlier: number | null): PermanentError =>
      badShape(
        `${place}: two values at ${new Date(pointMs).toISOString()} cannot be told apart: ${earlier} and ${value} of ${point.name}`,
        'Group by the tag that tells them apart and name it in labels, or aggregate over it.',
      );
    if (!distinct.isNew(set.key, atMs, { series: point.series, value }, clash)) continue;
    measurements.push({
      labels: set.labels,
      unit: ctx.stream.unit,
      atMs,
      durationMs: meta.sample === 'interval' ? meta.stepMs : 0,
      value: convert(value),
      status: 'final',
    });
  }
  const warnings = leftOut.warnings();
  if (outside > 0)
    warnings.push(
      `left out ${outside === 1 ? '1 sample that does' : `${outside} samples that do`} not lie between ${betweenInstants(meta)}`,
    );
  if (points === 0) warnings.push(noSeriesWarning('query', meta));
  return { measurements, costs: [], warnings };
}

/** Milliseconds, or RFC 3339; version 3 writes no zone and means UTC. */
function timeOf(time: unknown, place: () => string): number {
  const text =
    typeof time === 'string' && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?$/.test(time)
      ? time
      : null;
  const zoned = text === null || /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
  // Of nanoseconds the milliseconds count.
  const atMs =
    typeof time === 'number'
      ? time
      : zoned === null
        ? Number.NaN
        : Date.parse(zoned.replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1'));
  if (!Number.isSafeInteger(atMs) || Math.abs(atMs) > 8.64e15)
    throw badShape(`${place()} has the time ${shownValue(time)}, expected an instant`);
  return atMs;
}

function numberOf(value: unknown, place: () => string): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return value;
  throw new PermanentError('source/bad-number', `${place()} is ${shownValue(value)}, not a number`, {
    hint: 'Select a field with numbers, or cast it in the query.',
  });
}

/** Without empty ones: a point that lacks the tag. */
function labelsOf(tags: Record<string, string>, wanted: readonly string[] | undefined): Record<string, string> {
  return keptLabels(
    Object.entries(tags).filter(([, value]) => value !== ''),
    wanted,
  );
}
