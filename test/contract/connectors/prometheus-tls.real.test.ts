import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { compress } from 'snappyjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prometheus as kind } from '#connectors/prometheus/index';
import { asOutturnError, createRedactor, type ParsedPage } from '#kit';
import { createFetchFactory, createLocalBudgets } from '#src/fetch/index';
import { connectorContext } from '../../factories/connector.ts';
import { describeWith } from '../../harness/packages.ts';
import { type Certificates, makeCertificates } from '../../harness/servers/certificates.ts';
import { type PrometheusServer, startPrometheus } from '../../harness/servers/prometheus.ts';
import { silentLog } from '../../harness/silent-log.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../harness/temporary.ts';
import { configOf } from './connector-config.ts';

const PASSWORD = 'prom-s3cret';
const MINUTE_MS = 60_000;
/** What a scrape writes when a target is gone; to JavaScript a NaN like any other, so it is written as its bits. */
const STALE = 0x7ff0000000000002n;
const NOT_A_NUMBER = 0x7ff8000000000001n;
const endMs = Math.floor(Date.now() / (30 * MINUTE_MS)) * 30 * MINUTE_MS;
const startMs = endMs - 30 * MINUTE_MS;

describeWith(
  ['prometheus', 'redis'],
  'a real Prometheus behind TLS and basic auth of its own web configuration',
  () => {
    let folder: TemporaryDirectory;
    let certificates: Certificates;
    let server: PrometheusServer;
    const authorization = `Basic ${Buffer.from(`outturn:${PASSWORD}`).toString('base64')}`;

    beforeAll(async () => {
      folder = await temporaryDirectory('prometheus-tls');
      certificates = await makeCertificates(folder.path, 'prometheus');
      server = await startPrometheus({
        webConfig: [
          `tls_server_config: { cert_file: ${certificates.certFile}, key_file: ${certificates.keyFile} }`,
          'basic_auth_users:\n  outturn: $2y$04$abcdefghijklmnopqrstuuUJ8AkwLK2JugTDaLJmXV5GJkKs5nBYi\n',
        ].join('\n'),
        caFile: certificates.caFile,
        credentials: { username: 'outturn', password: PASSWORD },
      });
      // Ten minutes of samples, then the target is gone; a NaN in the middle of another series.
      await remoteWrite([
        ...Array.from({ length: 10 }, (_, i) => ({ name: 'beat', atMs: startMs + i * MINUTE_MS, bits: bitsOf(i + 1) })),
        { name: 'beat', atMs: startMs + 10 * MINUTE_MS, bits: STALE },
      ]);
      await remoteWrite(
        Array.from({ length: 10 }, (_, i) => ({
          name: 'gauge_with_gap',
          atMs: startMs + i * MINUTE_MS,
          bits: i === 4 ? NOT_A_NUMBER : bitsOf(i + 1),
        })),
      );
    });
    afterAll(async () => {
      await server?.close();
      await folder?.remove();
    });

    async function contextFor(
      query: string,
      changes: { password?: string; tls?: Record<string, unknown>; url?: string } = {},
    ) {
      const stream = { query, step: '1m', sample: 'instant', unit: 'beats' };
      const auth = { kind: 'basic', username: 'outturn', password: '${env:PW}' };
      const tls = changes.tls ?? { caFile: certificates.caFile };
      const yaml = JSON.stringify({
        connectors: { real: { kind: 'prometheus', url: changes.url ?? server.url, auth, tls, streams: { s: stream } } },
      });
      const [connector] = (await configOf(kind, yaml, { PW: changes.password ?? PASSWORD })).connectors;
      if (connector === undefined) throw new Error('the connector is missing');
      const signal = new AbortController().signal;
      const clock = { nowMs: () => Date.now() };
      const fetch = createFetchFactory({
        redactor: createRedactor(),
        log: silentLog,
        clock,
        budgets: createLocalBudgets(clock),
      });
      return {
        ...connectorContext(kind.options.parse({}), {
          http: fetch.client(connector, signal),
          nowMs: clock.nowMs,
          signal,
        }),
        stream: kind.stream.parse(stream),
        streamId: 's',
      };
    }

    async function pull(query: string): Promise<ParsedPage> {
      const context = await contextFor(query);
      const parsed: ParsedPage = { measurements: [], costs: [], warnings: [] };
      const window = { fromMs: startMs, toMs: startMs + 20 * MINUTE_MS };
      for await (const page of kind.pull({ ...context, window })) {
        expect(page.completeToMs).toBe(window.toMs);
        const { measurements, warnings } = await kind.parse(page, context);
        parsed.measurements.push(...measurements);
        parsed.warnings.push(...warnings);
      }
      return parsed;
    }

    it('gives no point after a series has gone stale, though the last sample is younger than five minutes', async () => {
      const { measurements, warnings } = await pull('beat');
      expect(measurements.map(({ atMs, value }) => [(atMs - startMs) / MINUTE_MS, value])).toEqual(
        Array.from({ length: 10 }, (_, i) => [i, i + 1]),
      );
      expect(warnings).toEqual([]);
    });

    it('leaves out a sample that is NaN and says which, and repeats the last one for five minutes where none is', async () => {
      const { measurements, warnings } = await pull('gauge_with_gap');
      const values = new Map(measurements.map(({ atMs, value }) => [(atMs - startMs) / MINUTE_MS, value]));
      expect([values.get(3), values.get(4), values.get(5)]).toEqual([4, undefined, 6]);
      expect([values.get(9), values.get(13), values.get(15)]).toEqual([10, 10, undefined]);
      expect(warnings).toEqual([expect.stringContaining(`${new Date(startMs + 4 * MINUTE_MS).toISOString()} (NaN)`)]);
    });

    it.each<[string, string, { password?: string; tls?: Record<string, unknown>; url?: () => string }]>([
      ['a certificate of an unknown authority', 'source/tls', { tls: {} }],
      ['plain HTTP to the port of TLS', 'source/bad-request', { url: () => server.url.replace('https', 'http') }],
      ['a wrong password', 'source/unauthorised', { password: 'wr0ng-password' }],
    ])('tells %s from everything else', async (_, code, { url, ...changes }) => {
      const context = await contextFor('beat', { ...changes, ...(url === undefined ? {} : { url: url() }) });
      const error = await kind.check(context).then(() => null, asOutturnError);
      expect(error?.code, error?.message).toBe(code);
      expect(error?.hint).toBeTruthy();
      expect(JSON.stringify([error?.message, error?.hint])).not.toContain('wr0ng-password');
    });

    /** Remote-write 1.0: a protocol buffer, packed by snappy. */
    async function remoteWrite(samples: readonly { name: string; atMs: number; bits: bigint }[]): Promise<void> {
      const [first] = samples;
      if (first === undefined) return;
      const label = field(1, Buffer.concat([field(1, Buffer.from('__name__')), field(2, Buffer.from(first.name))]));
      const points = samples.map(({ atMs, bits }) => {
        const value = Buffer.alloc(9);
        value[0] = 0x09;
        value.writeBigUInt64LE(bits, 1);
        return field(2, Buffer.concat([value, Buffer.from([0x10]), varint(BigInt(atMs))]));
      });
      const body = Buffer.from(compress(field(1, Buffer.concat([label, ...points]))));
      const ca = await readFile(certificates.caFile);
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const headers = {
          authorization,
          'content-encoding': 'snappy',
          'content-type': 'application/x-protobuf',
          'x-prometheus-remote-write-version': '0.1.0',
        };
        request(`${server.url}/api/v1/write`, { method: 'POST', headers, ca }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end(body);
      });
      expect(status).toBe(204);
    }
  },
);

function bitsOf(value: number): bigint {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return buffer.readBigUInt64LE();
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

const field = (number: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2]), varint(BigInt(body.length)), body]);
