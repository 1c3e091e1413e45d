import protobuf from 'protobufjs/minimal.js';
import { PermanentError, type WrittenSeries } from '#kit';

/** The two messages of Prometheus remote write, told apart by the `proto` parameter of the content type. */
export type RemoteWriteMessage = 'prometheus.WriteRequest' | 'io.prometheus.write.v2.Request';

/** NaN of this very pattern says that a series has ended; any other NaN is a value. */
const STALE_MARKER = 0x7ff0000000000002n;
/** Series and samples of one request: senders send a few thousand. An empty one is two bytes, and a hundred times that here. */
const MOST_ELEMENTS = 200_000;

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
 * The series of a request, Snappy undone. Throws PermanentError `api/bad-request` for what is no such message. A series whose
 * labels cannot be (none that is its name, one twice) has a `problem`: the others of the request are sound all the same.
 */
export function readRemoteWrite(body: Uint8Array, message: RemoteWriteMessage): WrittenSeries[] {
  const reader = protobuf.Reader.create(body);
  const count = counter();
  try {
    return message === 'prometheus.WriteRequest'
      ? readVersion1(reader, body.length, count)
      : readVersion2(reader, body.length, count);
  } catch (thrown) {
    if (thrown instanceof PermanentError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : 'it cannot be read';
    throw bad(`The body is no ${message}: ${reason}.`, thrown);
  }
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

type Counts = Omit<WrittenSeries, 'labels' | 'problem'>;

/** prometheus.WriteRequest: timeseries 1. A series: labels 1, samples 2, exemplars 3, histograms 4. */
function readVersion1(reader: Reader, end: number, count: () => void): WrittenSeries[] {
  const all: WrittenSeries[] = [];
  const read = (): void => {
    count();
    const pairs: [string, string][] = [];
    const series: Counts = { samples: [], histograms: 0, exemplars: 0 };
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
      3: { wireType: 2, read: () => void (count(), reader.skipType(2), series.exemplars++) },
      4: { wireType: 2, read: () => void (count(), reader.skipType(2), series.histograms++) },
    });
    all.push({ ...series, ...labelsOf(pairs) });
  };
  const ofVersion2 = { wireType: 2, read: otherMessage('io.prometheus.write.v2.Request') } as const;
  readMessage(reader, end, { 1: { wireType: 2, read }, 4: ofVersion2, 5: ofVersion2 });
  return all;
}

/**
 * io.prometheus.write.v2.Request: symbols 4, timeseries 5. A series: label references 1 (packed or not), samples 2,
 * histograms 3, exemplars 4. References may come before the symbols that they mean, so they are looked up at the end.
 */
function readVersion2(reader: Reader, end: number, count: () => void): WrittenSeries[] {
  const symbols: string[] = [];
  const all: { references: number[]; series: Counts }[] = [];
  const read = (): void => {
    count();
    const references: number[] = [];
    const series: Counts = { samples: [], histograms: 0, exemplars: 0 };
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
      3: { wireType: 2, read: () => void (count(), reader.skipType(2), series.histograms++) },
      4: { wireType: 2, read: () => void (count(), reader.skipType(2), series.exemplars++) },
    });
    all.push({ references, series });
  };
  const ofVersion1 = { wireType: 2, read: otherMessage('prometheus.WriteRequest') } as const;
  readMessage(reader, end, {
    1: ofVersion1,
    3: ofVersion1,
    4: { wireType: 2, read: () => void symbols.push(reader.string()) },
    5: { wireType: 2, read },
  });
  if (symbols.length > 0 && symbols[0] !== '') throw bad('The first symbol must be the empty text.');
  return all.map(({ references, series }) => ({ ...series, ...referredLabels(references, symbols) }));
}

function referredLabels(
  references: readonly number[],
  symbols: readonly string[],
): Pick<WrittenSeries, 'labels' | 'problem'> {
  const missing = references.find((index) => symbols[index] === undefined);
  if (missing !== undefined)
    return { labels: {}, problem: `label reference ${missing} has no symbol, there are ${symbols.length}` };
  if (references.length % 2 !== 0) return { labels: {}, problem: 'a label has no value' };
  const pairs: [string, string][] = [];
  for (let at = 0; at < references.length; at += 2)
    pairs.push([symbols[references[at] ?? 0] ?? '', symbols[references[at + 1] ?? 0] ?? '']);
  return labelsOf(pairs);
}

/** The two messages have no field number in common, so that one that is sent as the other is never taken for an empty one. */
const otherMessage = (message: RemoteWriteMessage) => (): never => {
  throw new PermanentError('api/bad-request', 'The body is another message than Content-Type says.', {
    hint: `It looks like ${message}: send that as the proto parameter of application/x-protobuf.`,
  });
};

/** An empty value is the same as no label. */
function labelsOf(pairs: readonly [string, string][]): Pick<WrittenSeries, 'labels' | 'problem'> {
  const all = new Map<string, string>();
  let problem: string | null = null;
  for (const [name, value] of pairs) {
    if (name === '') problem ??= 'a label has no name';
    else if (all.has(name)) problem ??= `it has the label ${JSON.stringify(name.slice(0, 100))} twice`;
    else all.set(storable(name), storable(value));
  }
  if ((all.get('__name__') ?? '') === '') problem ??= 'it has no name (label __name__)';
  return { labels: Object.fromEntries([...all].filter(([, value]) => value !== '')), problem };
}

const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

const bad = (message: string, cause?: unknown): PermanentError =>
  new PermanentError('api/bad-request', message, { ...(cause === undefined ? {} : { cause }) });
