import { z } from 'zod';
import type { Measurement } from '#domain';
import {
  asRecord,
  badShapeWith,
  betweenInstants,
  formatDurationMs,
  keptLabels,
  LeftOut,
  labelsKey,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  pageJson,
  pageMeta,
  type RawPage,
  shownValue,
  streamConversion,
} from '#kit';
import { BETWEEN_LABELS } from './metric-data.ts';
import type { CloudwatchOptions, CloudwatchStream } from './options.ts';

/** What `pull` archives beside the body. */
const pageShape = z.object({ startMs: z.number(), endMs: z.number(), lostFromMs: z.number().nullable().default(null) });
const badShape = badShapeWith('Check that url leads to CloudWatch: leave it out to ask the address of the region.');

/** One entry of MetricDataResults: points of one series, or the part of them that fits this page. */
export interface MetricResult {
  id: string;
  label: string;
  statusCode: string;
  timestamps: unknown[];
  values: unknown[];
  messages: string[];
}

const MOST_MESSAGES = 20;
/** Written by JSON in place of numbers that it has no digits for. */
const NOT_FINITE: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity']);

/** MetricDataResults of a page. Throws `source/bad-shape` for what is not as documented. */
export function resultsOf(content: Record<string, unknown> | null, place: string): MetricResult[] {
  const results = content?.['MetricDataResults'];
  if (!Array.isArray(results))
    throw badShape(`${place}: the answer has no MetricDataResults, but ${shownValue(Object.keys(content ?? {}))}`);
  return results.map((item: unknown, index) => {
    const result = asRecord(item);
    const where = `${place}, result ${index + 1}`;
    const id = result?.['Id'];
    if (result === null || typeof id !== 'string') throw badShape(`${where} has no Id`);
    const { Timestamps: timestamps = [], Values: values = [], Label: label = id } = result;
    if (!Array.isArray(timestamps) || !Array.isArray(values) || timestamps.length !== values.length)
      throw badShape(`${where}: Timestamps and Values are not two lists of the same length`);
    if (typeof label !== 'string') throw badShape(`${where}: the label is ${shownValue(label)}`);
    const statusCode = result['StatusCode'];
    return {
      id,
      label,
      statusCode: typeof statusCode === 'string' ? statusCode : 'Complete',
      timestamps,
      values,
      messages: messagesOf(result['Messages']),
    };
  });
}

/** `Code: Value` of each entry of Messages. */
export function messagesOf(messages: unknown): string[] {
  if (!Array.isArray(messages)) return [];
  return messages.slice(0, MOST_MESSAGES).map((item: unknown) => {
    const { Code: code, Value: value } = asRecord(item) ?? {};
    return [code, value]
      .filter((part) => typeof part === 'string')
      .join(': ')
      .slice(0, 500);
  });
}

/** One page of GetMetricData as measurements: a point stands for the period that begins at its time stamp. */
export function parseMetricData(page: RawPage, ctx: ParseContext<CloudwatchOptions, CloudwatchStream>): ParsedPage {
  const place = `stream ${ctx.streamId}`;
  const { stream } = ctx;
  const { startMs, endMs, lostFromMs } = pageMeta(page.meta, pageShape, place, badShape);
  const convert = streamConversion(stream, place);
  const content = asRecord(pageJson(page.body, place, badShape));
  const leftOut = new LeftOut();
  const measurements: Measurement[] = [];
  const warnings: string[] = [];
  if (lostFromMs !== null)
    warnings.push(
      `CloudWatch no longer has points of ${formatDurationMs(stream.period)} before ${iso(startMs)}: the window is read from there on, not from ${iso(lostFromMs)}`,
    );
  const said = messagesOf(content?.['Messages']);
  const seen = new Map<string, Set<number>>();

  for (const result of resultsOf(content, place)) {
    const labels = labelsOf(result, stream, place);
    const key = labelsKey(labels);
    const instants = seen.get(key) ?? new Set<number>();
    seen.set(key, instants);
    said.push(...result.messages.map((message) => `${result.label.slice(0, 200)}: ${message}`));
    result.timestamps.forEach((timestamp: unknown, position) => {
      const atMs = readTimestamp(timestamp, place);
      const value = result.values[position];
      if (instants.has(atMs))
        throw new PermanentError(
          'source/bad-shape',
          `${place}: two series of the expression cannot be told apart: both have a point at ${iso(atMs)}`,
          { hint: 'Name more dimensions in labels, or aggregate in the expression: SUM(SEARCH(…)).' },
        );
      instants.add(atMs);
      if (atMs % stream.period !== 0)
        throw new PermanentError(
          'source/bad-shape',
          `${place}: a point at ${iso(atMs)} does not begin a period of ${formatDurationMs(stream.period)}`,
          { hint: 'The expression has a period of its own, such as that of SEARCH: make it the same as period.' },
        );
      if (atMs < startMs || atMs >= endMs)
        return void leftOut.add(
          `it does not lie between ${betweenInstants({ fromMs: startMs, toMs: endMs })}`,
          iso(atMs),
        );
      if (value === null || NOT_FINITE.has(value) || value === Infinity || value === -Infinity)
        return void leftOut.add('its value is no finite number', `${iso(atMs)} of ${result.label}`);
      if (typeof value !== 'number')
        throw new PermanentError(
          'source/bad-number',
          `${place}: the value at ${iso(atMs)} is ${shownValue(value)}, not a number`,
        );
      measurements.push({
        labels,
        unit: stream.unit,
        atMs,
        durationMs: stream.period,
        value: convert(value),
        status: 'final',
      });
    });
  }
  warnings.push(...[...new Set(said)].slice(0, MOST_MESSAGES).map((message) => `CloudWatch says: ${message}`));
  return { measurements, costs: [], warnings: [...warnings, ...leftOut.warnings()] };
}

function labelsOf(result: MetricResult, stream: CloudwatchStream, place: string): Record<string, string> {
  if (stream.seriesLabel !== undefined) return Object.fromEntries([[stream.seriesLabel, result.label]]);
  if (stream.metric !== undefined) {
    const { dimensions } = stream.metric;
    return keptLabels(
      (stream.labels ?? []).map((name) => [name, dimensions[name] ?? '']),
      undefined,
    );
  }
  if (stream.labels === undefined || stream.labels.length === 0) return {};
  const parts = result.label.split(BETWEEN_LABELS);
  if (parts.length !== stream.labels.length)
    throw badShape(
      `${place}: the series ${shownValue(result.label)} does not name ${stream.labels.length} dimensions as it was asked to`,
    );
  return keptLabels(
    stream.labels.map((name, index) => [name, parts[index] ?? '']),
    undefined,
  );
}

function readTimestamp(timestamp: unknown, place: string): number {
  const atMs = typeof timestamp === 'number' ? Math.round(timestamp * 1000) : Number.NaN;
  if (Number.isSafeInteger(atMs) && Math.abs(atMs) <= 8.64e15) return atMs;
  throw badShape(`${place}: a time stamp is ${shownValue(timestamp)}, expected seconds since 1970`);
}

const iso = (epochMs: number): string => new Date(epochMs).toISOString();
