import { randomUUID } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '#src/store/index';
import { outturnProcess } from '../harness/cli.ts';
import { silentLog, type TestDatabase, testDatabase } from '../harness/database.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const yaml = `
settings: { timeZone: Europe/Berlin }
connectors:
  shop:
    kind: prometheus
    url: http://127.0.0.1:9
    since: 2d
    streams:
      killed: { query: up, step: 1h, sample: instant, unit: one }
      busy: { query: up, step: 1h, sample: instant, unit: one }
`;

describe('doctor', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('doctor'), testDatabase()]);
    await chmod(directory.path, 0o755);
    await writeFile(path.join(directory.path, 'outturn.yaml'), yaml);
  });
  afterAll(async () => {
    await database.close();
    await directory.remove();
  });

  it('is not fooled by a pull that was killed and whose job has ended: it does not run any more', async () => {
    const store = await openStore({
      url: database.url,
      resolver: { resolve: ({ args }) => ({ version: 1, queue: 'pull', args, dedupeKey: null, priority: 'normal' }) },
      clock: { nowMs: () => Date.now() },
      newId: randomUUID,
      log: silentLog,
      applicationName: 'doctor test',
    });
    for (const stream of ['killed', 'busy']) {
      const job = await store.outbox.enqueue({ kind: 'pull', args: { connector: 'shop', stream }, cause: 'test' });
      const run = await store.outbox.started(job.id, { attempt: 1, instance: 'test' });
      const window = { connector: 'shop', stream, fromMs: 0, toMs: Date.now() };
      await store.pulls.start({ id: randomUUID(), jobId: job.id, attempt: 1, ...window });
      if (stream === 'killed' && run !== null)
        await store.outbox.failed(run.fence, { code: 'internal', message: 'killed', final: true });
    }
    await store.close();
    const result = await outturnProcess(['doctor', '--config', directory.path], {
      env: { DATABASE_URL: database.url },
    });
    expect(result.stdout).toContain('shop.killed: the last pull was interrupted');
    expect(result.stdout).not.toContain('shop.busy: the last pull was interrupted');
    expect(result.status).toBe(1);
  });
});
