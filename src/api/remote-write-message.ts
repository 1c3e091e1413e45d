import protobuf from 'protobufjs/minimal.js';
import { PermanentError, type WrittenSeries } from '#kit';

/** The two messages of Prometheus remote write, told apart by the `proto` parameter of the content type. */
export type RemoteWriteMessage = 'prometheus.WriteRequest' | 'io.prometheus.write.v2.Request';

/** NaN of this very pattern says that a series has ended; any other NaN is a value. */
const STALE_MARKER = 0x7ff0000000000002n;
/** Series and samples of one request: senders send a few thousand. An empty one is two bytes, and a hundred times that here. */
const MOST_ELEMENTS = 200_000;

export interface RemoteWriteRequest {
  series: WrittenSeries[];
  samples: number;
  histograms: number;
  exemplars: number;
}

type Reader = protobuf.Reader;
/** What one field does; its wire type has been checked. Fields without one are skipped. `single`: one element, not packed. */
type Fields = Record<number, { wireType: 0 | 1 | 2; read(reader: Reader): void; single?: (reader: Reader) => void }>;

/** Reads a message up to `end`. A known field of another wire type is another message: an error. */
function readMessage(reader: Reader, end: number, fields: Fields): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [field, wireType] = [tag >>> 3, tag & 7];
    const known = fields[field];
    if (known === undefined) reader.skipType(wireType);
    else if (known.wireType === wireType) known.read(reader);
    // Repeated numbers may come packed or one by one: readers must take both.
    else if (known.single !== undefined && wireType === 0) known.single(reader);
    else throw new RangeError(`field ${field} has wire type ${wireType}, expected ${known.wireType}`);
  }
  if (reader.pos !== end) throw new RangeError('a message ends within a field');
}

function nested(reader: Reader, fields: Fields): void {
  const length = reader.uint32();
  if (reader.pos + length > reader.len) throw new RangeError('a message is longer than the body');
  readMessage(reader, reader.pos + length, fields);
}

/** Fields 1 and 2 in both versions: value (double) and timestamp (int64, ms). */
function readSample(reader: Reader): WrittenSeries['samples'][number] {
  const sample: WrittenSeries['samples'][number] = { atMs: 0, value: 0 };
  nested(reader, {
    1: {
      wireType: 1,
      read: () => {
        const bits = new DataView(reader.buf.buffer, reader.buf.byteOffset + reader.pos, 8).getBigUint64(0, true);
        const value = reader.double();
        sample.value = bits === STALE_MARKER ? null : value;
      },
    },
    2: { wireType: 0, read: () => void (sample.atMs = Number(reader.int64())) },
  });
  return sample;
}

/**
 * The series of a request, Snappy undone. Throws PermanentError `api/bad-request` for what is no such message, and for series
 * without a name or with a label twice: a sender must not repeat those.
 */
export function readRemoteWrite(body: Uint8Array, message: RemoteWriteMessage): RemoteWriteRequest {
  const result: RemoteWriteRequest = { series: [], samples: 0, histograms: 0, exemplars: 0 };
  const reader = protobuf.Reader.create(body);
  const count = counter();
  try {
    if (message === 'prometheus.WriteRequest')
      readMessage(reader, body.length, {
        1: { wireType: 2, read: () => result.series.push(readSeries1(reader, result, count)) },
      });
    else readVersion2(reader, body.length, result, count);
  } catch (thrown) {
    if (thrown instanceof PermanentError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : 'it cannot be read';
    throw bad(`The body is no ${message}: ${reason}.`, thrown);
  }
  for (const { labels, samples, histograms } of result.series) {
    if ((labels['__name__'] ?? '') === '') throw bad('A series has no name (label __name__).');
    result.samples += samples.length;
    result.histograms += histograms;
  }
  return result;
}

/** Throws `api/too-large` when it was called too often. */
function counter(): () => void {
  let elements = 0;
  return () => {
    elements += 1;
    if (elements > MOST_ELEMENTS)
      throw new PermanentError('api/too-large', `The body has more than ${MOST_ELEMENTS} series and samples.`, {
        hint: 'Lower max_samples_per_send of the remote_write queue.',
      });
  };
}

/** prometheus.TimeSeries: labels 1, samples 2, exemplars 3, histograms 4. */
function readSeries1(reader: Reader, counts: RemoteWriteRequest, count: () => void): WrittenSeries {
  count();
  const pairs: [string, string][] = [];
  const series: WrittenSeries = { labels: {}, samples: [], histograms: 0 };
  nested(reader, {
    1: {
      wireType: 2,
      read: () => {
        let [name, value] = ['', ''];
        nested(reader, {
          1: { wireType: 2, read: () => void (name = reader.string()) },
          2: { wireType: 2, read: () => void (value = reader.string()) },
        });
        pairs.push([name, value]);
      },
    },
    2: { wireType: 2, read: () => void (count(), series.samples.push(readSample(reader))) },
    3: { wireType: 2, read: () => void (reader.skipType(2), counts.exemplars++) },
    4: { wireType: 2, read: () => void (reader.skipType(2), series.histograms++) },
  });
  return { ...series, labels: labelsOf(pairs) };
}

/**
 * io.prometheus.write.v2.Request: symbols 4, timeseries 5. A series: label references 1 (packed or not), samples 2,
 * histograms 3, exemplars 4. References may come before the symbols that they mean, so they are looked up at the end.
 */
function readVersion2(reader: Reader, end: number, result: RemoteWriteRequest, count: () => void): void {
  const symbols: string[] = [];
  const read: { references: number[]; series: WrittenSeries }[] = [];
  readMessage(reader, end, {
    4: { wireType: 2, read: () => void symbols.push(reader.string()) },
    5: {
      wireType: 2,
      read: () => {
        count();
        const references: number[] = [];
        const series: WrittenSeries = { labels: {}, samples: [], histograms: 0 };
        nested(reader, {
          1: {
            wireType: 2,
            read: () => {
              const stop = reader.uint32() + reader.pos;
              if (stop > reader.len) throw new RangeError('references are longer than the body');
              while (reader.pos < stop) references.push(reader.uint32());
            },
            single: () => void references.push(reader.uint32()),
          },
          2: { wireType: 2, read: () => void (count(), series.samples.push(readSample(reader))) },
          3: { wireType: 2, read: () => void (reader.skipType(2), series.histograms++) },
          4: { wireType: 2, read: () => void (reader.skipType(2), result.exemplars++) },
        });
        read.push({ references, series });
      },
    },
  });
  if (symbols.length > 0 && symbols[0] !== '') throw bad('The first symbol must be the empty text.');
  const symbol = (index: number | undefined): string => {
    const text = index === undefined ? undefined : symbols[index];
    if (text === undefined)
      throw bad(`Label reference ${index ?? '(none)'} has no symbol; there are ${symbols.length}.`);
    return text;
  };
  for (const { references, series } of read) {
    if (references.length % 2 !== 0) throw bad('A series has a label without a value.');
    const pairs: [string, string][] = [];
    for (let at = 0; at < references.length; at += 2) pairs.push([symbol(references[at]), symbol(references[at + 1])]);
    result.series.push({ ...series, labels: labelsOf(pairs) });
  }
}

/** An empty value is the same as no label. */
function labelsOf(pairs: readonly [string, string][]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (name === '') throw bad('A label has no name.');
    if (labels.has(name)) throw bad(`A series has the label ${JSON.stringify(name.slice(0, 100))} twice.`);
    labels.set(name, value.replaceAll('\0', '\uFFFD').toWellFormed());
  }
  return Object.fromEntries([...labels].filter(([, value]) => value !== ''));
}

const bad = (message: string, cause?: unknown): PermanentError =>
  new PermanentError('api/bad-request', message, { ...(cause === undefined ? {} : { cause }) });
