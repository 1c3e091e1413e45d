import type { Measurement } from '#domain';
import {
  LeftOut,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  type RawPage,
  shownValue,
  unitConversion,
} from '#kit';
import type { InfluxdbOptions, InfluxdbStream } from './options.ts';
import { badShape, type PageForm, readers } from './points.ts';

/** What `pull` archives beside the body. */
interface PageMeta {
  form: PageForm;
  stepMs: number;
  sample: 'interval' | 'instant';
  stamp: 'start' | 'end';
  fromMs: number;
  toMs: number;
}

/** One answer as measurements. Nulls (`fill(null)`, `createEmpty`) and NaN are left out and said, never zero. */
export function parseAnswer(page: RawPage, ctx: ParseContext<InfluxdbOptions, InfluxdbStream>): ParsedPage {
  const place = `stream ${ctx.streamId}`;
  const meta = readMeta(page.meta, place);
  const convert = unitConversion(ctx.stream.sourceUnit ?? ctx.stream.unit, ctx.stream.unit);
  if (convert === null)
    throw new PermanentError(
      'source/unit-mismatch',
      `${place}: ${ctx.stream.sourceUnit} cannot be converted to ${ctx.stream.unit}`,
    );
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut();
  const seen = new Map<string, { series: string; value: number }>();
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
      const labels = keptLabels(point.tags, ctx.stream.labels);
      set = { labels, key: JSON.stringify(Object.entries(labels)) };
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
    const key = `${atMs} ${set.key}`;
    const earlier = seen.get(key);
    // Equal values are no proof: of two hosts that had three failures each, one would be lost.
    if (earlier !== undefined && earlier.series === point.series && earlier.value === value) continue;
    if (earlier !== undefined)
      throw badShape(
        `${place}: two values at ${new Date(pointMs).toISOString()} cannot be told apart: ${earlier.value} and ${value} of ${point.name}`,
        'Group by the tag that tells them apart and name it in labels, or aggregate over it.',
      );
    seen.set(key, { series: point.series, value });
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
  const span = `${new Date(meta.fromMs).toISOString()} and ${new Date(meta.toMs).toISOString()}`;
  if (outside > 0)
    warnings.push(
      `left out ${outside === 1 ? '1 sample that does' : `${outside} samples that do`} not lie between ${span}`,
    );
  if (points === 0) warnings.push(`the query gives no series between ${span}`);
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

/** Without empty ones (a point that lacks the tag), in the order of their names, so that the same series always looks the same. */
function keptLabels(tags: Record<string, string>, wanted: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags)
      .filter(([name, value]) => value !== '' && (wanted === undefined || wanted.includes(name)))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function readMeta(meta: Record<string, unknown>, place: string): PageMeta {
  const { form, stepMs, sample, stamp, fromMs, toMs } = meta;
  if (
    (form === 'series' || form === 'rows' || form === 'flux') &&
    (sample === 'interval' || sample === 'instant') &&
    (stamp === 'start' || stamp === 'end') &&
    typeof stepMs === 'number' &&
    typeof fromMs === 'number' &&
    typeof toMs === 'number'
  )
    return { form, stepMs, sample, stamp, fromMs, toMs };
  throw badShape(`${place}: the archived page lacks form, stepMs, sample, stamp, fromMs or toMs`);
}
