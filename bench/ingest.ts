import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Worker } from 'node:worker_threads';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { startTestServer } from '../test/harness/database.ts';
import { openPuller } from './puller.ts';
import { expectedSamples, STEP_MS, valueAt } from './samples-server.ts';

export interface IngestResult {
  bench: 'ingest';
  samples: number;
  /** Of each way the median. */
  ways: Record<string, { seconds: number[]; rowsPerSecond: number }>;
  ratios: { against: string; median: number; range: [number, number]; atLeast: number }[];
  /** Of our pulls: how long the thread that pulls was at work itself; the rest it waited for the database, the disk and a core. */
  busySeconds: number[];
  exact: boolean;
}
interface Window {
  databaseUrl: string;
  fromMs: number;
  toMs: number;
}

const OURS = 'ours, end to end';
const COPY = 'COPY';
const ON_CONFLICT = 'ON CONFLICT';
const COLUMNS = 'series_id, at, revision, duration_ms, value, status, pull_id, page_hash, observed_at, recorded_at';

/**
 * The same rows into the same, empty table, in turn: by a pull (HTTP, archive, parser, revisions, watermark, dirty marks), by one COPY
 * of rows that are in memory already, and by one INSERT … SELECT unnest … ON CONFLICT of them.
 */
export async function benchIngest({ samples = 500_000, runs = 5 } = {}): Promise<IngestResult> {
  const server = await startTestServer();
  const thread = new Worker(new URL('./samples-server-thread.ts', import.meta.url), {
    execArgv: ['--conditions=outturn-source'],
  });
  const ways: Record<string, { seconds: number[]; rowsPerSecond: number }> = {};
  const busySeconds: number[] = [];
  let exact = true;
  try {
    const [sourceUrl] = (await once(thread, 'message')) as [string];
    const toMs = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    const fromMs = toMs - samples * STEP_MS;
    const expected = expectedSamples(fromMs, toMs);
    for (let run = 0; run < runs; run++)
      for (const [way, work] of [
        [COPY, copy],
        [ON_CONFLICT, insert],
        [OURS, (window: Window) => pull(window, sourceUrl)],
      ] as const) {
        const databaseUrl = await freshDatabase(server.url, `bench_${run}_${way.replace(/\W/g, '').toLowerCase()}`);
        const before = process.threadCpuUsage();
        const seconds = await work({ databaseUrl, fromMs, toMs });
        const { user, system } = process.threadCpuUsage(before);
        if (way === OURS) busySeconds.push((user + system) / 1e6);
        const entry = (ways[way] ??= { seconds: [], rowsPerSecond: 0 });
        entry.seconds.push(seconds);
        exact &&= await isExact(databaseUrl, expected);
        await dropDatabase(server.url, databaseUrl);
      }
  } finally {
    await thread.terminate();
    await server.close();
  }
  for (const entry of Object.values(ways)) entry.rowsPerSecond = samples / median(entry.seconds);
  const ratio = (against: string, atLeast: number) => {
    const each = (ways[OURS]?.seconds ?? []).map(
      (seconds, run) => (ways[against]?.seconds[run] ?? Number.NaN) / seconds,
    );
    return {
      against,
      median: median(each),
      range: [Math.min(...each), Math.max(...each)] as [number, number],
      atLeast,
    };
  };
  return { bench: 'ingest', samples, ways, ratios: [ratio(COPY, 0.5), ratio(ON_CONFLICT, 1)], busySeconds, exact };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}

async function pull({ databaseUrl, fromMs }: Window, sourceUrl: string): Promise<number> {
  const puller = await openPuller({ databaseUrl, fromMs, sourceUrl });
  try {
    const toMs = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    return await timed(() => puller.pull({ fromMs, toMs }, new AbortController().signal));
  } finally {
    await puller.close();
  }
}

/** Series and partitions are there before the clock runs, as they are for a stream that is pulled each hour. */
async function prepared<T>(
  { databaseUrl, fromMs, toMs }: Window,
  work: (client: Client, seriesId: string) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const months = [];
    for (let atMs = fromMs; atMs < toMs + 31 * 86_400_000; atMs += 86_400_000 * 27)
      months.push(new Date(atMs).toISOString().slice(0, 10));
    await client.query('SELECT ensure_measurement_partitions($1::date[])', [months]);
    const { rows } = await client.query(
      `INSERT INTO series (connector, stream, unit, labels, created_at) VALUES ('bench', 'samples', 'items', '{"job":"bench"}', now()) RETURNING id::text`,
    );
    return await work(client, (rows as { id: string }[])[0]?.id ?? '');
  } finally {
    await client.end();
  }
}

const PAGE_HASH = 'a'.repeat(64);

function copy(window: Window): Promise<number> {
  return prepared(window, async (client, seriesId) => {
    const pullId = randomUUID();
    const lines: string[] = [];
    let chunk = '';
    for (let atMs = window.fromMs; atMs < window.toMs; atMs += STEP_MS) {
      const at = new Date(atMs).toISOString();
      chunk += `${seriesId}\t${at}\t1\t0\t${valueAt(atMs)}\tfinal\t${pullId}\t${PAGE_HASH}\t${at}\t${at}\n`;
      if (chunk.length > 65_536) {
        lines.push(chunk);
        chunk = '';
      }
    }
    lines.push(chunk);
    return await timed(() =>
      pipeline(Readable.from(lines), client.query(copyFrom(`COPY measurement (${COLUMNS}) FROM STDIN`))),
    );
  });
}

function insert(window: Window): Promise<number> {
  return prepared(window, async (client, seriesId) => {
    const times: number[] = [];
    const values: number[] = [];
    for (let atMs = window.fromMs; atMs < window.toMs; atMs += STEP_MS) {
      times.push(atMs);
      values.push(valueAt(atMs));
    }
    const text = (numbers: number[]): string => `{${numbers.join(',')}}`;
    const statement = `
      INSERT INTO measurement (${COLUMNS})
      SELECT $1, to_timestamp(at_ms / 1000), 1, 0, value, 'final', $2, $3, now(), now()
      FROM unnest($4::float8[], $5::float8[]) AS i(at_ms, value)
      ON CONFLICT (series_id, at, revision) DO NOTHING`;
    const parameters = [seriesId, randomUUID(), PAGE_HASH, text(times), text(values)];
    return await timed(() => client.query(statement, parameters));
  });
}

async function isExact(databaseUrl: string, expected: { count: number; sum: number }): Promise<boolean> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query('SELECT count(*)::float8 AS count, sum(value) AS sum FROM measurement');
    const [found] = rows as { count: number; sum: number }[];
    return found?.count === expected.count && found.sum === expected.sum;
  } finally {
    await client.end();
  }
}

async function freshDatabase(serverUrl: string, name: string): Promise<string> {
  await asAdmin(serverUrl, `CREATE DATABASE ${name} TEMPLATE outturn_template`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

const dropDatabase = (serverUrl: string, databaseUrl: string): Promise<void> =>
  asAdmin(serverUrl, `DROP DATABASE ${new URL(databaseUrl).pathname.slice(1)} WITH (FORCE)`);

async function asAdmin(serverUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
