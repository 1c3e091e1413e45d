import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { compress } from 'snappyjs';

export type RemoteWriteMessage = 'prometheus.WriteRequest' | 'io.prometheus.write.v2.Request';

/** The published definitions, read by protobufjs: nothing of our own reader is in them. */
const definitions = {
  'prometheus.WriteRequest': 'remote-write-1.0.proto',
  'io.prometheus.write.v2.Request': 'remote-write-2.0.proto',
};
const types = new Map(
  Object.entries(definitions).map(([message, file]) => {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8');
    return [message, protobuf.parse(text, { keepCase: true }).root.lookupType(message)] as const;
  }),
);

/** Stands in for the stale marker until the message is bytes: JavaScript does not keep which NaN it is. */
const PLACEHOLDER = -1.2345678912345678e-300;
/** https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers, lowest byte first as protobuf writes doubles. */
const STALE_MARKER = Buffer.from([2, 0, 0, 0, 0, 0, 0xf0, 0x7f]);

/**
 * The bytes of a message whose fields are named as the published definition names them. The value of a sample is a number, "NaN",
 * "Infinity", "-Infinity" or "stale"; a time in ms, or a date-time. Throws for a field that the message does not have and
 * for a value that it cannot hold.
 */
export function encodeRemoteWrite(message: RemoteWriteMessage, fields: unknown): Buffer {
  const type = types.get(message);
  if (type === undefined) throw new Error(`${message} is no message of remote write`);
  const written = plain(fields);
  requireKnown(type, written, message);
  const bytes = Buffer.from(type.encode(type.fromObject(written as Record<string, unknown>)).finish());
  const placeholder = Buffer.alloc(8);
  placeholder.writeDoubleLE(PLACEHOLDER);
  for (let at = bytes.indexOf(placeholder); at >= 0; at = bytes.indexOf(placeholder)) STALE_MARKER.copy(bytes, at);
  return bytes;
}

/** Snappy's block format, as both versions ask for. */
export const packed = (bytes: Uint8Array): Buffer => Buffer.from(compress(bytes));

const TIMES: ReadonlySet<string> = new Set(['timestamp', 'start_timestamp']);
function plain(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item, key));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, name)]));
  if (value === 'stale' && key === 'value') return PLACEHOLDER;
  if (typeof value === 'string' && TIMES.has(key) && !Number.isNaN(Date.parse(value))) return Date.parse(value);
  return value;
}

/** protobufjs passes over what it does not know; a case that is misspelt must fail. */
function requireKnown(type: protobuf.Type, value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) throw new Error(`${path} is no message`);
  for (const [name, item] of Object.entries(value)) {
    const field = type.fields[name];
    if (field === undefined) throw new Error(`${path} has no field ${name}`);
    field.resolve();
    if (field.repeated !== Array.isArray(item))
      throw new Error(`${path}.${name} must ${field.repeated ? '' : 'not '}be a list`);
    const items: unknown[] = Array.isArray(item) ? item : [item];
    for (const [index, each] of items.entries()) {
      const place = `${path}.${name}${field.repeated ? `.${index}` : ''}`;
      if (field.resolvedType instanceof protobuf.Type) requireKnown(field.resolvedType, each, place);
      else if (field.resolvedType === null) requireScalar(field.type, each, place);
    }
  }
}
const DOUBLES: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity']);
function requireScalar(type: string, value: unknown, path: string): void {
  const isRight =
    type === 'string'
      ? typeof value === 'string'
      : typeof value === 'number' || (type === 'double' && DOUBLES.has(value));
  if (!isRight) throw new Error(`${path} cannot be ${JSON.stringify(value)}`);
}

export interface SentSeries {
  labels: Record<string, string>;
  /** Time in ms and value; `stale`: the marker by which Prometheus ends a series. */
  samples: readonly (readonly [number, number | 'stale'])[];
  /** How many native histograms and exemplars it has besides. */
  histograms?: number;
  exemplars?: number;
}

const pairsOf = (labels: Record<string, string>): [string, string][] =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
const pointsOf = ({ samples, histograms = 0, exemplars = 0 }: SentSeries) => ({
  samples: samples.map(([timestamp, value]) => ({ timestamp, value })),
  exemplars: Array.from({ length: exemplars }, () => ({ value: 1 })),
  histograms: Array.from({ length: histograms }, () => ({ count_int: 3 })),
});

/** A message of remote write 1.0, packed. */
export function writeRequest1(series: readonly SentSeries[]): Buffer {
  const timeseries = series.map((one) => ({
    labels: pairsOf(one.labels).map(([name, value]) => ({ name, value })),
    ...pointsOf(one),
  }));
  return packed(encodeRemoteWrite('prometheus.WriteRequest', { timeseries }));
}

/** The same by remote write 2.0: labels refer to symbols. */
export function writeRequest2(series: readonly SentSeries[]): Buffer {
  const symbols = [''];
  const refer = (text: string): number => {
    const known = symbols.indexOf(text);
    return known >= 0 ? known : symbols.push(text) - 1;
  };
  const timeseries = series.map((one) => ({
    labels_refs: pairsOf(one.labels).flatMap((pair) => pair.map(refer)),
    ...pointsOf(one),
    metadata: { type: 1 },
  }));
  return packed(encodeRemoteWrite('io.prometheus.write.v2.Request', { symbols, timeseries }));
}

export const headers1 = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};
export const headers2 = {
  'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '2.0.0',
};
