import protobuf from 'protobufjs/minimal.js';
import { compress } from 'snappyjs';

export interface SentSeries {
  labels: Record<string, string>;
  /** Time in ms and value; `stale`: the marker by which Prometheus ends a series. */
  samples: readonly (readonly [number, number | 'stale'])[];
  /** How many native histograms and exemplars it has besides. */
  histograms?: number;
  exemplars?: number;
}

const STALE = Buffer.from('0200000000 00f07f'.replaceAll(' ', ''), 'hex');

function writeSample(writer: protobuf.Writer, [atMs, value]: readonly [number, number | 'stale']): void {
  const field =
    value === 'stale'
      ? Buffer.concat([Buffer.from([9]), STALE])
      : new protobuf.Writer().uint32(9).double(value).finish();
  const time = new protobuf.Writer().uint32(16).int64(atMs).finish();
  writer.bytes(Buffer.concat([field, time]));
}

/** A message of remote write 1.0 as https://prometheus.io/docs/specs/remote_write_spec/ numbers its fields, packed by Snappy. */
export function writeRequest1(series: readonly SentSeries[]): Buffer {
  const request = new protobuf.Writer();
  for (const { labels, samples, histograms = 0, exemplars = 0 } of series) {
    const one = new protobuf.Writer();
    for (const [name, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
      one.uint32(10).bytes(new protobuf.Writer().uint32(10).string(name).uint32(18).string(value).finish());
    for (const sample of samples) writeSample(one.uint32(18), sample);
    for (let count = 0; count < exemplars; count++)
      one.uint32(26).bytes(new protobuf.Writer().uint32(17).double(1).finish());
    for (let count = 0; count < histograms; count++)
      one.uint32(34).bytes(new protobuf.Writer().uint32(8).uint64(3).finish());
    request.uint32(10).bytes(one.finish());
  }
  return Buffer.from(compress(request.finish()));
}

/** The same by remote write 2.0 (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/): labels refer to symbols. */
export function writeRequest2(series: readonly SentSeries[]): Buffer {
  const symbols = [''];
  const refer = (text: string): number => {
    const known = symbols.indexOf(text);
    return known >= 0 ? known : symbols.push(text) - 1;
  };
  const list = series.map(({ labels, samples, histograms = 0, exemplars = 0 }) => {
    const one = new protobuf.Writer();
    one.uint32(10).fork();
    for (const [name, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
      one.uint32(refer(name)).uint32(refer(value));
    one.ldelim();
    for (const sample of samples) writeSample(one.uint32(18), sample);
    for (let count = 0; count < histograms; count++)
      one.uint32(26).bytes(new protobuf.Writer().uint32(8).uint64(3).finish());
    for (let count = 0; count < exemplars; count++)
      one.uint32(34).bytes(new protobuf.Writer().uint32(17).double(1).finish());
    one.uint32(42).bytes(new protobuf.Writer().uint32(8).int32(1).finish());
    return one.finish();
  });
  const request = new protobuf.Writer();
  for (const symbol of symbols) request.uint32(34).string(symbol);
  for (const one of list) request.uint32(42).bytes(one);
  return Buffer.from(compress(request.finish()));
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
