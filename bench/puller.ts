import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApp } from '#src/main/app';
import { readEnvironment } from '#src/main/environment';

/** The pull of `outturn pull`, without queue and process start, of the one endless series of the loopback server. */
export async function openPuller(options: { databaseUrl: string; sourceUrl: string; fromMs: number }) {
  const { databaseUrl, sourceUrl, fromMs } = options;
  const folder = await mkdtemp(join(tmpdir(), 'outturn-bench-'));
  const config = join(folder, 'config');
  await mkdir(config);
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
          streams: { samples: { query: 'bench', step: '15s', sample: 'instant', unit: 'items', labels: ['job'] } },
        },
      },
    }),
  );
  const variables = { DATABASE_URL: databaseUrl };
  const app = await openApp(readEnvironment({ config }, variables, { logLevel: 'error', logFormat: 'json' }));
  const stream = { connector: 'bench', stream: 'samples' };
  return {
    /** `null`, `null`: what is due, from the watermark on. Each is a job of its own. */
    async pull(window: { fromMs: number | null; toMs: number | null }, signal: AbortSignal): Promise<void> {
      const { id: jobId } = await app.store.outbox.enqueue({ kind: 'pull', args: stream, cause: 'bench' });
      const start = await app.store.outbox.started(jobId, { attempt: 1, instance: 'bench' });
      if (start === null) throw new Error('a new job can be begun');
      const request = { ...stream, ...window, jobId, attempt: 1, fence: start.fence };
      await app.ports.pulls.run(request, { signal, progress: () => {} });
    },
    async close(): Promise<void> {
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
