import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';

const root = fileURLToPath(new URL('../', import.meta.url));

export interface PullRun {
  seconds: number;
  maxRssMiB: number;
  rows: number;
  sum: number;
  watermarkMs: number | null;
}

/**
 * `outturn pull` in a process of its own, as an operator would call it: queue, HTTP, archive, parser, store. Counts afterwards, on
 * a connection of ours, what lies in the database.
 */
export async function pullInProcess(options: {
  folder: string;
  databaseUrl: string;
  sourceUrl: string;
  fromMs: number;
  toMs: number;
  nodeOptions?: readonly string[];
}): Promise<PullRun> {
  const { folder, databaseUrl, sourceUrl, fromMs, toMs } = options;
  const config = join(folder, 'config');
  await mkdir(config, { recursive: true });
  await writeFile(
    join(config, 'bench.yaml'),
    JSON.stringify({
      settings: { objects: { kind: 'folder', path: join(folder, 'objects') } },
      connectors: {
        bench: {
          kind: 'prometheus',
          url: sourceUrl,
          budget: { requestsPerMinute: 1_000_000, concurrency: 2 },
          since: new Date(fromMs).toISOString(),
          finalAfter: '1h',
          streams: { samples: { query: 'bench', step: '15s', sample: 'instant', unit: 'items', labels: ['job'] } },
        },
      },
    }),
  );
  const memoryFile = join(folder, 'memory.json');
  const iso = (ms: number): string => new Date(ms).toISOString();
  const startedMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        ...(options.nodeOptions ?? []),
        '--conditions=outturn-source',
        `--import=${join(root, 'bench/report-memory.mjs')}`,
        join(root, 'src/cli/outturn.ts'),
        ...['pull', 'bench.samples', '--from', iso(fromMs), '--to', iso(toMs), '--config', config, '--json'],
      ],
      {
        env: {
          PATH: process.env['PATH'],
          HOME: process.env['HOME'],
          DATABASE_URL: databaseUrl,
          OUTTURN_BENCH_MEMORY: memoryFile,
          NO_COLOR: '1',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4_000);
      });
    child.on('error', reject);
    child.on('close', (status) =>
      status === 0 ? resolve() : reject(new Error(`outturn pull ended with status ${status}:\n${said}`)),
    );
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const { maxRssKiB } = JSON.parse(await readFile(memoryFile, 'utf8')) as { maxRssKiB: number };
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const counted = await client.query(
      'SELECT count(*)::float8 AS rows, coalesce(sum(value), 0) AS sum FROM measurement',
    );
    const marked = await client.query('SELECT extract(epoch FROM watermark_at) * 1000 AS at FROM watermark');
    const [counts] = counted.rows as { rows: number; sum: number }[];
    const [mark] = marked.rows as { at: string }[];
    return {
      seconds,
      maxRssMiB: maxRssKiB / 1024,
      rows: counts?.rows ?? 0,
      sum: counts?.sum ?? 0,
      watermarkMs: mark === undefined ? null : Number(mark.at),
    };
  } finally {
    await client.end();
  }
}
