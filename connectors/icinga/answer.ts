import { z } from 'zod';
import type { Measurement } from '#domain';
import {
  asRecord,
  badShapeWith,
  DistinctSeries,
  LeftOut,
  type ParseContext,
  type ParsedPage,
  pageMeta,
  type RawPage,
  shownValue,
  unitConversion,
} from '#kit';
import { resultsOf } from './api.ts';
import type { IcingaOptions, IcingaStream } from './options.ts';
import { fitsLabel, readPerfdata } from './perfdata.ts';
import { conversionOf } from './units.ts';

const badShape = badShapeWith('Check that url leads to the API of Icinga 2.');
/** What `pull` archives beside the body: the window. */
const pageShape = z.object({ fromMs: z.number(), toMs: z.number() });

type Fields = Record<string, unknown>;
/** One object with its newest check result. */
interface Checked {
  name: string;
  attrs: Fields;
  joinedHost: Fields | null;
  result: Fields;
}
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** The newest check result of each object as measurements at the end of its execution. */
export function parseResults(page: RawPage, ctx: ParseContext<IcingaOptions, IcingaStream>): ParsedPage {
  const { stream } = ctx;
  const place = `stream ${ctx.streamId}`;
  const meta = pageMeta(page.meta, pageShape, place, badShape);
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut({ one: 'value', many: 'values' });
  const distinct = new DistinctSeries(place, () => 'Name more labels: host, service, perfdata.');
  const seen = new Set<string>();
  resultsOf(page.body, place).forEach((object, index) => {
    const name = textOf(object['name'], () => `${place}: the name of result ${index + 1}`);
    // An object stands in an answer once; were it there twice, it would be the same check.
    if (seen.has(name)) return;
    seen.add(name);
    const attrs = asRecord(object['attrs']);
    if (attrs === null || attrs['last_check_result'] === undefined)
      throw badShape(`${place}: ${name} has no last_check_result`);
    const result = asRecord(attrs['last_check_result']);
    if (result === null) return void leftOut.add('it was never checked', name);
    const checked: Checked = { name, attrs, joinedHost: asRecord(asRecord(object['joins'])?.['host']), result };
    const atMs = Math.round(secondsOf(result['execution_end'], () => `${place}: execution_end of ${name}`) * 1000);
    // An older result was read by an earlier pull: there is nothing new.
    if (atMs < meta.fromMs || atMs >= meta.toMs) return;
    for (const { value, label } of valuesOf(checked, stream, place, leftOut)) {
      const labels = labelsOf(checked, stream, label);
      distinct.add(labels, `${name}${label === null ? '' : ` (${label})`}`);
      measurements.push({ labels, unit: stream.unit, atMs, durationMs: 0, value, status: 'final' });
    }
  });
  return { measurements, costs: [], warnings: leftOut.warnings() };
}

interface Told {
  value: number;
  /** Of the performance data; null for everything else. */
  label: string | null;
}

function valuesOf(checked: Checked, stream: IcingaStream, place: string, leftOut: LeftOut): Told[] {
  const { attrs, result, name } = checked;
  const seconds = (field: string): number => secondsOf(result[field], () => `${place}: ${field} of ${name}`);
  const number = (field: string): number => {
    const value = attrs[field];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw badShape(`${place}: ${field} of ${name} is ${shownValue(value)}`);
  };
  const one = (value: number): Told[] => [{ value: declared(value), label: null }];
  const declared = unitConversion(stream.sourceUnit ?? stream.unit, stream.unit) ?? ((value: number) => value);
  const time = (value: number): Told[] => [
    { value: (unitConversion('s', stream.unit) ?? declared)(value), label: null },
  ];
  const executionS = (): number => seconds('execution_end') - seconds('execution_start');
  switch (stream.value) {
    case 'up':
      return one(number('state') === 0 ? 1 : 0);
    case 'state':
      return one(number('state'));
    case 'problem':
      return one(number('state') !== 0 && number('state_type') === 1 ? 1 : 0);
    case 'in-downtime':
      return one(number('downtime_depth') > 0 ? 1 : 0);
    case 'acknowledged':
      return one(number('acknowledgement') > 0 ? 1 : 0);
    case 'execution-time':
      return time(executionS());
    case 'latency':
      return time(Math.max(0, seconds('schedule_end') - seconds('schedule_start') - executionS()));
    case 'perfdata':
      return perfdataOf(checked, stream, place, leftOut);
  }
}

function perfdataOf({ name, result }: Checked, stream: IcingaStream, place: string, leftOut: LeftOut): Told[] {
  const wanted = stream.perfdata ?? [];
  const entries = result['performance_data'] ?? [];
  if (!Array.isArray(entries)) throw badShape(`${place}: performance_data of ${name} is ${shownValue(entries)}`);
  const told = new Map<string, number>();
  const met = new Set<string>();
  for (const entry of entries) {
    const perfdata = readPerfdata(entry);
    // Other labels may be as broken as they like.
    if (perfdata === null || !fitsLabel(perfdata.label, wanted)) continue;
    const where = `${perfdata.label.slice(0, 100)} of ${name}`;
    if (met.has(perfdata.label)) {
      leftOut.add('the plugin wrote the label twice', where);
      continue;
    }
    met.add(perfdata.label);
    if (!NUMBER.test(perfdata.value) || !Number.isFinite(Number(perfdata.value))) {
      leftOut.add(perfdata.value === 'U' ? 'unknown (U)' : 'not a finite number', where);
      continue;
    }
    const value = conversionOf(perfdata.unit, stream, `${place}: ${where}`)(Number(perfdata.value));
    if (Number.isFinite(value)) told.set(perfdata.label, value);
    else leftOut.add('too large for a number', where);
  }
  for (const label of wanted)
    if (!label.includes('*') && !met.has(label))
      leftOut.add('the check gave no such performance data', `${label} of ${name}`);
  return [...told].map(([label, value]) => ({ value, label }));
}

function labelsOf(checked: Checked, stream: IcingaStream, perfdata: string | null): Record<string, string> {
  const labels: [string, string][] = [];
  for (const label of [...stream.labels].sort()) {
    const value = labelValue(checked, stream, label, perfdata);
    if (value !== null) labels.push([label.replace(/^(?:host\.)?vars\./, ''), value]);
  }
  // Not by assignment: a custom variable may have any name, `__proto__` too.
  return Object.fromEntries(labels);
}

function labelValue(
  { name, attrs, joinedHost }: Checked,
  { objects }: IcingaStream,
  label: string,
  perfdata: string | null,
): string | null {
  const isHost = objects === 'hosts';
  const text = (value: unknown): string =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  const variable = (from: unknown): string => text(asRecord(from)?.[label.slice(label.indexOf('vars.') + 5)]);
  switch (label) {
    case 'host':
      return isHost ? name : text(attrs['host_name']);
    case 'service':
      return isHost ? null : text(attrs['name']);
    case 'hostName':
      return text(isHost ? attrs['display_name'] : joinedHost?.['display_name']);
    case 'serviceName':
      return isHost ? null : text(attrs['display_name']);
    case 'perfdata':
      return perfdata;
    default:
      return variable(label.startsWith('host.') && !isHost ? joinedHost?.['vars'] : attrs['vars']);
  }
}

function textOf(value: unknown, place: () => string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw badShape(`${place()} is ${shownValue(value)}`);
}

/** Seconds since 1970, with a fraction. */
function secondsOf(value: unknown, place: () => string): number {
  if (typeof value === 'number' && value >= 0 && value <= 8.64e12) return value;
  throw badShape(`${place()} is ${shownValue(value)}`);
}
