import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Client } from 'pg';
import { seededRandom } from '../test/fault/harness/seed.ts';
import { testDatabase } from '../test/harness/database.ts';
import { openPuller } from './puller.ts';
import { expectedSamples, STEP_MS } from './samples-server.ts';

export interface CancelResult {
  bench: 'cancel';
  seed: number;
  samples: number;
  /** From the cancel to the end of the pull, in the order in which they were made. */
  milliseconds: number[];
  longestMs: number;
  atMostMs: number;
  /** After each cancel: how far the stream was stored. Each goes on where the one before was broken off. */
  watermarks: (string | null)[];
  expected: { count: number; sum: number };
  found: { count: number; sum: number } | undefined;
  /** The last pull was let go to its end: each sample is there once, with its value. */
  exact: boolean;
}

const AT_MOST_MS = 1_000;
/** In which reading, archiving, parsing and storing all come, and several cancels before the first checkpoint. */
const LATEST_CANCEL_MS = 1_500;

/** Pulls of one long window, each broken off at a random moment and gone on with by the next. */
export async function benchCancel({ samples = 1_000_000, runs = 20, seed = 1 } = {}): Promise<CancelResult> {
  const random = seededRandom(seed);
  const database = await testDatabase();
  const thread = new Worker(new URL('./samples-server-thread.ts', import.meta.url), {
    execArgv: ['--conditions=outturn-source'],
  });
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const [sourceUrl] = (await once(thread, 'message')) as [string];
  const toMs = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  const fromMs = toMs - samples * STEP_MS;
  const puller = await openPuller({ databaseUrl: database.url, sourceUrl, fromMs });
  const milliseconds: number[] = [];
  const watermarks: (string | null)[] = [];
  const due = { fromMs: null, toMs: null };
  try {
    for (let run = 0; run < runs; run++) {
      const controller = new AbortController();
      let cancelledAtMs = 0;
      const timer = setTimeout(() => {
        cancelledAtMs = performance.now();
        controller.abort();
      }, random.next() * LATEST_CANCEL_MS);
      const ended = await puller.pull(due, controller.signal).then(
        () => true,
        (error: unknown) => {
          if (!controller.signal.aborted) throw error;
          return false;
        },
      );
      clearTimeout(timer);
      // Came to its end before its cancel.
      if (ended) break;
      milliseconds.push(performance.now() - cancelledAtMs);
      const { rows } = await client.query('SELECT watermark_at FROM watermark');
      watermarks.push((rows as { watermark_at: Date }[])[0]?.watermark_at.toISOString() ?? null);
    }
    await puller.pull(due, new AbortController().signal);
    const { rows } = await client.query(
      `SELECT count(*)::float8 AS count, sum(value) AS sum FROM measurement WHERE at >= to_timestamp($1::float8 / 1000)
         AND at < to_timestamp($2::float8 / 1000)`,
      // A pull that goes on soon after `since` looks back before it.
      [fromMs, toMs],
    );
    const [found] = rows as { count: number; sum: number }[];
    const expected = expectedSamples(fromMs, toMs);
    return {
      bench: 'cancel',
      seed,
      samples,
      milliseconds: milliseconds.map(Math.round),
      longestMs: Math.round(Math.max(...milliseconds)),
      atMostMs: AT_MOST_MS,
      watermarks,
      expected,
      found,
      exact: found?.count === expected.count && found.sum === expected.sum,
    };
  } finally {
    await puller.close();
    await client.end();
    await thread.terminate();
    await database.close();
  }
}
