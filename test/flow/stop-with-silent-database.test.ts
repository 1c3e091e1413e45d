import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '#kit';
import { productStore } from '../factories/failures.ts';
import { startOutturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { pollUntil } from '../harness/poll.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const yaml = (port: number): string => `
connectors:
  shop:
    kind: prometheus
    url: http://127.0.0.1:${port}
    since: 2d
    streams:
      orders: { query: up, step: 1h, sample: instant, unit: one }
`;

describe('a worker that is told to stop', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let store: Store;
  let source: Server;
  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('stop'), testDatabase()]);
    store = await productStore(database.url);
    // It takes the request and never answers.
    source = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => source.once('listening', resolve));
    await mkdir(path.join(directory.path, 'config'));
    await writeFile(path.join(directory.path, 'config', 'outturn.yaml'), yaml((source.address() as AddressInfo).port));
  });
  afterAll(async () => {
    source?.closeAllConnections();
    source?.close();
    await store?.close();
    await database?.close();
    await directory?.remove();
  });

  it('gives its jobs back while a look at something else waits for the database', async () => {
    const locking = new Client({ connectionString: database.url });
    await locking.connect();
    await locking.query('BEGIN');
    // Only looking for missing work reads it.
    await locking.query('LOCK TABLE dirty_period IN ACCESS EXCLUSIVE MODE');
    const worker = await startOutturn(['worker', '--json', '--grace', '1'], {
      env: { DATABASE_URL: database.url, OUTTURN_CONFIG: path.join(directory.path, 'config') },
      ready: (output) => output.includes('"database"'),
    });
    try {
      const args = { connector: 'shop', stream: 'orders' };
      const { id } = await store.outbox.enqueue({ kind: 'pull', args, cause: 'test' });
      await pollUntil('it runs', async () => (await store.outbox.get(id))?.state === 'running');
      process.kill(worker.pid, 'SIGTERM');
      await pollUntil('its run has ended', async () => (await store.runs.list(id))[0]?.outcome === 'released');
      expect(worker.exited()).toBe(false);
    } finally {
      await locking.query('ROLLBACK');
      await locking.end();
      await worker.close(15_000);
    }
  });
});
