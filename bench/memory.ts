import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '../test/harness/database.ts';
import { type PullRun, pullInProcess } from './pull-process.ts';
import { expectedSamples, STEP_MS, startSamplesServer } from './samples-server.ts';

export interface MemoryResult {
  bench: 'memory';
  runs: { samples: number; maxRssMiB: number; seconds: number; rowsPerSecond: number; exact: boolean }[];
  /** Peak memory of the large pull against that of the small one. */
  ratio: number;
  atMost: number;
}

const AT_MOST = 1.3;

/** Peak resident memory of a process that pulls `large` samples against one that pulls `small`. */
export async function benchMemory({ small = 50_000, large = 5_000_000 } = {}): Promise<MemoryResult> {
  const runs = [];
  for (const samples of [small, large]) {
    const run = await pullSamples(samples);
    runs.push({ samples, ...run });
  }
  const [few, many] = runs;
  return {
    bench: 'memory',
    runs,
    ratio: (many?.maxRssMiB ?? Number.NaN) / (few?.maxRssMiB ?? Number.NaN),
    atMost: AT_MOST,
  };
}

async function pullSamples(samples: number): Promise<Omit<MemoryResult['runs'][number], 'samples'>> {
  const folder = await mkdtemp(join(tmpdir(), 'outturn-bench-'));
  const database = await testDatabase();
  const server = await startSamplesServer();
  try {
    // Ends a while ago, so that every sample is final and none lies ahead.
    const toMs = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    const fromMs = toMs - samples * STEP_MS;
    const run: PullRun = await pullInProcess({
      folder,
      databaseUrl: database.url,
      sourceUrl: server.url,
      fromMs,
      toMs,
    });
    const expected = expectedSamples(fromMs, toMs);
    return {
      maxRssMiB: run.maxRssMiB,
      seconds: run.seconds,
      rowsPerSecond: run.rows / run.seconds,
      exact: run.rows === expected.count && run.sum === expected.sum && run.watermarkMs === toMs,
    };
  } finally {
    await server.close();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  }
}
