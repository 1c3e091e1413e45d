import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, outturn, startOutturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { pollUntil } from '../harness/poll.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const HOUR_S = 3_600;

interface Backfill {
  id: string;
  state: string;
  progress: { done: number; total: number; rows: number; inserted: number };
  current: { seq: number; jobId: string; error: { code: string } | null } | null;
  chunks?: { state: string; from: string }[];
}

/** Answers `query_range` with a point for each hour, until `trouble` says otherwise. */
async function startSource() {
  let trouble: 'none' | 'refuses' | 'hangs' | 'limits' = 'none';
  let asked = 0;
  const server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    const form = new URLSearchParams(body);
    asked++;
    if (trouble === 'hangs') return;
    if (trouble === 'limits') return void response.writeHead(429, { 'retry-after': '7200' }).end();
    const values: [number, string][] = [];
    for (let at = Number(form.get('start')); at <= Number(form.get('end')); at += HOUR_S) values.push([at, '3']);
    const answer =
      trouble === 'refuses'
        ? { status: 'error', errorType: 'bad_data', error: 'the query is broken today' }
        : { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values }] } };
    response.writeHead(trouble === 'refuses' ? 400 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (what: typeof trouble) => {
      trouble = what;
      asked = 0;
    },
    asked: () => asked,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe('backfills at the command line', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let source: Awaited<ReturnType<typeof startSource>>;
  let env: Record<string, string>;
  beforeAll(async () => {
    [directory, database, source] = await Promise.all([temporaryDirectory('backfill'), testDatabase(), startSource()]);
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(
      path.join(config, 'outturn.yaml'),
      `settings:
  timeZone: Europe/Berlin
  objects: { kind: folder, path: "${path.join(directory.path, 'objects')}" }
connectors:
  shop:
    kind: prometheus
    url: ${source.url}
    budget: { requestsPerMinute: 600 }
    streams:
      failures: { query: failures, step: 1h, sample: instant, unit: failures, since: "2026-03-01T00:00:00Z" }
projects:
  checkout:
    name: Checkout
    currency: EUR
    startsOn: 2026-01-01
    discountRate: 8 %
    metrics:
      failures:
        kind: flow
        unit: failures
        direction: down
        source: { connector: shop, stream: failures }
        baseline: { value: 100 }
        rates: [{ from: 2026-01-01, amount: 4.50 }]
        startsOn: 2026-02-01
`,
    );
    env = { DATABASE_URL: database.url, OUTTURN_CONFIG: config, OUTTURN_DATA: path.join(directory.path, 'data') };
  });
  beforeEach(() => source.set('none'));
  afterAll(async () => {
    await source?.close();
    await database?.close();
    await directory?.remove();
  });

  const run = (...args: string[]): Promise<CliResult> => outturn(['backfill', ...args], { env });
  const start = (from: string, to: string, ...more: string[]) =>
    run('shop.failures', '--from', from, '--to', to, '--chunk', '1d', ...more);
  const only = (result: CliResult): Backfill => {
    const [backfill] = result.json<{ backfills: Backfill[] }>().backfills;
    if (backfill === undefined) throw new Error(`no backfill in ${result.stdout}`);
    return backfill;
  };
  const show = async (id: string): Promise<Backfill> => (await run('show', id, '--json')).json<Backfill>();

  it('are planned without a request to the source, and without a trace', async () => {
    const planned = await start('2026-01-01', '2026-01-04', '--plan');
    expect([planned.status, planned.stderr]).toEqual([0, '']);
    expect(planned.stdout).toMatch(/shop\.failures 2026-01-01…2026-01-04: 3 chunks of 1d/);
    expect(planned.stdout).toContain('3 requests; at 600 a minute');
    expect(planned.stdout).toContain("before the stream's since (2026-03-01T00:00Z)");
    expect(source.asked()).toBe(0);
    expect((await run('list')).stdout).toContain('There is no backfill yet.');
  });

  it('run to their end here, and the figures follow once', async () => {
    const done = await start('2026-01-01', '2026-01-04', '--json');
    expect([done.status, done.stderr]).toEqual([0, '']);
    const backfill = only(done);
    expect(backfill).toMatchObject({ state: 'done', progress: { done: 3, total: 3, rows: 72, inserted: 72 } });
    const jobs = (await outturn(['jobs', '--json', '--limit', '50'], { env })).json<
      { kind: string; state: string }[]
    >();
    const kinds = jobs.map(({ kind, state }) => `${kind} ${state}`).sort();
    expect(kinds).toEqual([
      ...Array(3).fill('backfill-chunk succeeded'),
      'build-report succeeded',
      'recompute-roi succeeded',
    ]);
    const planned = await start('2026-01-01', '2026-01-05', '--plan');
    expect(planned.stdout.match(/24 samples {2,}all of it/g)).toHaveLength(3);
    expect((await run('show', backfill.id.slice(0, 8))).stdout).toContain('3 chunks · 72 rows · 72 new');
  });

  it('that fail name the chunk and why, and go on from there when resumed', async () => {
    source.set('refuses');
    const failed = await start('2026-02-01', '2026-02-03');
    expect(failed.status).toBe(1);
    expect(failed.stdout).toMatch(/✗ shop\.failures .*0 of 2 chunks[^]*source\/bad-request[^]*broken today/);
    const [, id = ''] = /outturn backfill resume (\w+)/.exec(failed.stdout) ?? [];
    expect(await show(id)).toMatchObject({
      state: 'failed',
      current: { seq: 1, error: { code: 'source/bad-request' } },
    });
    expect((await run('list', '--state', 'failed')).stdout).toContain('source/bad-request');
    source.set('none');
    const resumed = await run('resume', id, '--json');
    expect([resumed.status, only(resumed).state]).toEqual([0, 'done']);
    expect((await run('resume', id)).stdout).toContain('done already');
    const dead = await outturn(['jobs', 'dead', '--json'], { env });
    expect(JSON.stringify(dead.json()), 'its dead letter is settled').not.toContain('"open"');
  });

  it('are cancelled from another process while a chunk runs, which then stores nothing', async () => {
    source.set('hangs');
    const running = start('2026-02-10', '2026-02-12', '--json');
    await pollUntil('the source is asked', () => source.asked() > 0);
    const id =
      (await run('list', '--state', 'running', '--json')).json<{ backfills: Backfill[] }>().backfills[0]?.id ?? '';
    const cancelled = await run('cancel', id);
    expect([cancelled.status, cancelled.stderr]).toEqual([0, '']);
    const ended = await running;
    expect(ended.status).toBe(1);
    expect(only(ended)).toMatchObject({ state: 'cancelled', progress: { done: 0, rows: 0 } });
    const again = await run('cancel', id);
    expect([again.status, again.stdout]).toEqual([1, expect.stringContaining('ended before: cancelled')]);
    source.set('none');
    expect(only(await run('resume', id, '--json'))).toMatchObject({ state: 'done', progress: { done: 2, rows: 48 } });
  });

  it('go on where a worker runs, once detached', async () => {
    const detached = await start('2026-02-20', '2026-02-22', '--detach', '--json');
    const { id, state } = only(detached);
    expect([detached.status, state, source.asked()]).toEqual([0, 'running', 0]);
    const worker = await startOutturn(['worker', '--json'], { env, ready: (output) => output.includes('worker') });
    try {
      await pollUntil('it is done', async () => (await show(id)).state === 'done');
    } finally {
      await worker.close(15_000);
    }
  });

  it('are refused in words that help', async () => {
    const results = await Promise.all([
      run(),
      run('shop'),
      run('shpo', '--from', '2026-01-01', '--to', '2026-02-01'),
      start('2026-02-01', '2026-01-01'),
      start('2026-13-01', '2026-01-01'),
      run('shop', '--from', '2026-01-01', '--to', '2026-02-01', '--chunk', 'week'),
      run('shop', '--from', '2026-01-01', '--to', '2026-02-01', '--chunk', '5m'),
      run('show', 'ffffffff'),
    ]);
    expect(results.map(({ status }) => status)).toEqual([2, 2, 1, 2, 2, 2, 2, 1]);
    const said = ['backfill list', '--from and --to', 'Did you mean shop', 'is empty', '--from takes', '--chunk takes'];
    for (const [index, words] of [...said, 'shorter than', 'There is no backfill'].entries())
      expect(results[index]?.stderr).toContain(words);
  });

  it('that the source puts off for hours say so while somebody watches, and on what they wait', async () => {
    source.set('limits');
    const watched = await startOutturn(
      ['backfill', 'shop.failures', '--from', '2026-02-25', '--to', '2026-02-27', '--chunk', '1d'],
      { env, ready: (output) => output.includes('waits') },
    );
    expect(watched.output()).toMatch(/shop\.failures: chunk 1 of 2 waits: source\/rate-limited: .*429/);
    expect(watched.output()).toMatch(/goes on by itself; Ctrl-C leaves it to the workers/);
    await watched.close();
    expect(watched.output()).toContain('It goes on where a worker runs');
  });

  it('and a pull that is put off for hours is left to the workers, with the reason', { timeout: 90_000 }, async () => {
    source.set('limits');
    await outturn(['budgets', 'shop', '--unblock'], { env });
    const result = await outturn(['pull', 'shop'], { env });
    expect(result.status).toBe(1);
    expect(result.stdout).toMatch(/✗ shop\.failures .*source\/rate-limited/);
    expect(result.stdout).toContain('It stays in the queue and is tried again while a worker runs');
  });
});
