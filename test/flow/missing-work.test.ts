import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '#kit';
import { digestWithDelivery, productStore } from '../factories/failures.ts';
import { type CliResult, outturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const yaml = `
settings: { timeZone: Europe/Berlin }
connectors:
  shop:
    kind: prometheus
    url: http://127.0.0.1:9
    since: 2d
    streams:
      orders: { query: up, step: 1h, sample: instant, unit: one }
`;

interface Finding {
  level: string;
  aspect: string;
  message: string;
  hint?: string;
}

describe('an operator whose database has holes', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let store: Store;
  let env: Record<string, string>;
  let deliveryId: string;
  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('holes'), testDatabase()]);
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'outturn.yaml'), yaml);
    env = { DATABASE_URL: database.url, OUTTURN_CONFIG: config };
    store = await productStore(database.url);
    ({ deliveryId } = await digestWithDelivery(store));
    await store.pulls.start({
      id: 'killed',
      jobId: 'gone',
      attempt: 1,
      connector: 'retired',
      stream: 'costs',
      fromMs: 0,
      toMs: Date.now(),
    });
    // A job that counts as queued, in a queue that was wiped.
    const lost = await store.outbox.enqueue({
      kind: 'pull',
      args: { connector: 'shop', stream: 'orders' },
      cause: 'test',
    });
    await store.outbox.markPublished([lost.id]);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    for (const change of [
      "delivery SET updated_at = updated_at - interval '1 hour'",
      "pull SET started_at = started_at - interval '1 hour'",
      "outbox SET created_at = created_at - interval '1 hour', published_at = published_at - interval '1 hour'",
    ])
      await client.query(`UPDATE ${change}`);
    await client.end();
  });
  afterAll(async () => {
    await store.close();
    await database.close();
    await directory.remove();
  });
  const run = (...args: string[]): Promise<CliResult> => outturn(args, { env, cwd: directory.path });
  const findings = (result: CliResult): Finding[] =>
    result
      .json<{ findings: Finding[] }>()
      .findings.filter(({ aspect }) => aspect === 'missing work' || aspect === 'mended');

  it('reads of each hole with the command that mends it, has it mended, and reads of none', async () => {
    const [status, doctor] = await Promise.all([run('status'), run('doctor', '--json')]);
    expect(status.stdout).toMatch(
      /^✗ missing +email to sponsor@example\.com \(weekly monday\) is pending, and no job sends it\n +→ `outturn doctor --mend`$/m,
    );
    expect(findings(doctor).map(({ message, hint }) => `${message} ${hint}`)).toEqual([
      expect.stringContaining('email to sponsor@example.com (weekly monday) is pending'),
      expect.stringMatching(/retired\.costs: a pull was interrupted.*`outturn doctor --mend`/),
      expect.stringMatching(/the queue has lost a job \(the oldest: pull [0-9a-f]{8}\).*`outturn queue rebuild`/),
    ]);
    expect([status.status, doctor.status]).toEqual([1, 1]);

    const mended = await run('doctor', '--mend', '--json');
    expect(findings(mended).map(({ aspect }) => aspect)).toEqual(['mended', 'mended', 'mended']);
    const [job] = await store.jobs.ofKey('deliver-message', deliveryId, 1);
    expect(job).toMatchObject({ acknowledgedAtMs: null, cause: 'doctor --mend' });
    expect(await store.pulls.get('killed')).toMatchObject({ state: 'failed', errorCode: 'queue/interrupted' });
    expect(findings(await run('doctor', '--json'))).toEqual([{ level: 'ok', aspect: 'missing work', message: 'none' }]);
  });
});
