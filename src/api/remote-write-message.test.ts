import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import { readRemoteWrite } from './remote-write-message.ts';

/** Field numbers of https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ (io.prometheus.write.v2.Request). */
function request(
  symbols: readonly string[],
  series: (writer: protobuf.Writer) => protobuf.Writer,
): { body: Uint8Array; message: 'io.prometheus.write.v2.Request' } {
  const writer = protobuf.Writer.create();
  for (const symbol of symbols) writer.uint32((4 << 3) | 2).string(symbol);
  series(writer.uint32((5 << 3) | 2).fork()).ldelim();
  return { body: writer.finish(), message: 'io.prometheus.write.v2.Request' };
}
const symbols = ['', '__name__', 'failures_total', 'shop', 'app', 'Failed checkouts.'];
/** Sample: value 1, timestamp 2, start_timestamp 3. */
const sample = (writer: protobuf.Writer): protobuf.Writer =>
  writer
    .uint32((2 << 3) | 2)
    .fork()
    .uint32((1 << 3) | 1)
    .double(7)
    .uint32(2 << 3)
    .int64(1_780_272_000_000)
    .uint32(3 << 3)
    .int64(1_780_268_400_000)
    .ldelim();
const expected = [
  {
    labels: { __name__: 'failures_total', shop: 'app' },
    samples: [{ atMs: 1_780_272_000_000, value: 7 }],
    histograms: 0,
    exemplars: 0,
    problem: null,
  },
];

describe('a request of remote write 2.0', () => {
  it('is read with references packed, metadata and start timestamps passed over', () => {
    const { body, message } = request(symbols, (writer) => {
      writer
        .uint32((1 << 3) | 2)
        .fork()
        .uint32(1)
        .uint32(2)
        .uint32(3)
        .uint32(4)
        .ldelim();
      sample(writer);
      // Metadata: type 1, help_ref 3.
      return writer
        .uint32((5 << 3) | 2)
        .fork()
        .uint32(1 << 3)
        .int32(1)
        .uint32(3 << 3)
        .uint32(5)
        .ldelim();
    });
    expect(readRemoteWrite(body, message)).toEqual(expected);
  });

  it('is read with references one by one, as proto3 lets writers do', () => {
    const { body, message } = request(symbols, (writer) => {
      for (const reference of [1, 2, 3, 4]) writer.uint32(1 << 3).uint32(reference);
      return sample(writer);
    });
    expect(readRemoteWrite(body, message)).toEqual(expected);
  });

  it('is refused when its symbols do not begin with the empty text', () => {
    const { body, message } = request(symbols.slice(1), (writer) => sample(writer));
    expect(() => readRemoteWrite(body, message)).toThrow('The first symbol must be the empty text');
  });
});
