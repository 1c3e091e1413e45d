import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutboxRow, Store } from '#kit';
import { digestWithDelivery, failedJob, outcomeUnknown, productStore } from '../factories/failures.ts';
import { type CliResult, outturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

/** Nothing listens there. */
const yaml = `
settings: { timeZone: Europe/Berlin }
connectors:
  shop:
    kind: prometheus
    url: http://127.0.0.1:9
    since: 2d
    streams:
      orders: { query: up, step: 1h, sample: instant, unit: one }
      errors: { query: up, step: 1h, sample: instant, unit: one }
`;
const HOUR_MS = 3_600_000;

describe('an operator with failed jobs', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let store: Store;
  let env: Record<string, string>;
  /** Its work was done by another job since. */
  let done: OutboxRow;
  let pull: OutboxRow;
  let message: OutboxRow;
  let deliveryId: string;
  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('failures'), testDatabase()]);
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'outturn.yaml'), yaml);
    env = { DATABASE_URL: database.url, OUTTURN_CONFIG: config };
    store = await productStore(database.url);
    const atMs = Date.now() - HOUR_MS;
    done = await failedJob(store, { kind: 'pull', args: { connector: 'shop', stream: 'errors' } }, { atMs });
    const again = await store.outbox.enqueue({ kind: 'pull', args: done.args, cause: 'test' });
    const run = await store.outbox.started(again.id, { attempt: 1, instance: 'host:1' });
    if (run !== null) await store.outbox.succeeded(run.fence, {});
    pull = await failedJob(store, { kind: 'pull', args: { connector: 'shop', stream: 'orders' } });
    ({ deliveryId } = await digestWithDelivery(store));
    await outcomeUnknown(store, deliveryId);
    message = await failedJob(
      store,
      { kind: 'deliver-message', args: { deliveryId }, parentId: pull.id },
      { code: 'delivery/unknown-outcome', message: 'Whether it arrived is not known', stack: 'Error: no\n    at here' },
    );
  });
  afterAll(async () => {
    await store.close();
    await database.close();
    await directory.remove();
  });
  const run = (...args: string[]): Promise<CliResult> => outturn(args, { env, cwd: directory.path });
  const short = (row: OutboxRow): string => row.id.slice(0, 8);

  it('sees at one glance that somebody must decide, and about what', async () => {
    const [status, dead, one] = await Promise.all([
      run('status'),
      run('jobs', 'dead'),
      run('jobs', pull.id.slice(0, 12)),
    ]);
    expect(status.stdout).toMatch(/^✗ failed +3 jobs want a decision: `outturn jobs dead`$/m);
    expect(status.stdout).toMatch(
      /deliver-message email to sponsor@example\.com [0-9a-f]{8} \d+s ago: delivery\/unknown-/,
    );
    expect(status.stdout).toMatch(/^! messages +of 1 nobody knows whether it arrived/m);
    expect(status.status).toBe(1);
    expect(dead.stdout).toMatch(/pull +open +1 +60m ago +shop\.errors +test\n {2}source\/unreachable: nobody answers/);
    expect(one.stdout).toMatch(/^Runs\ntry +began +took +outcome +worker\n +1 +.*failed +host:1\n/m);
    expect(one.stdout).toContain(`└ deliver-message email to sponsor@example.com ${short(message)} failed`);
    expect([dead.status, one.status]).toEqual([0, 0]);
  });

  it('shows a stack only when it is asked for', async () => {
    const [without, withStack] = await Promise.all([
      run('jobs', 'dead', short(message)),
      run('jobs', 'dead', short(message), '--stack'),
    ]);
    expect(without.stdout).toContain('came from  test → pull');
    expect(without.stdout).not.toContain('at here');
    expect(withStack.stdout).toContain('at here');
  });

  it('learns before anything is done what a replay would do, and what is not needed any more', async () => {
    const [dry, unasked, mixed, unknown] = await Promise.all([
      run('jobs', 'replay', '--all', '--dry-run'),
      run('jobs', 'replay', '--all'),
      run('jobs', 'replay', short(pull), '--code', 'source/unreachable', '--yes'),
      run('jobs', 'replay', 'ffffffff', '--dry-run'),
    ]);
    expect(dry.stdout).toMatch(/shop\.orders .*\n.*\n {2}↻ can be replayed\.\n {4}• to do +read shop\.orders/);
    expect(dry.stdout).toMatch(
      /shop\.errors .*\n.*\n {2}– not needed any more\. The job [0-9a-f]{8} has done the same work/,
    );
    expect(dry.stdout).toMatch(/\? unknown +message to sponsor@example\.com by e-mail – it may have arrived/);
    expect(unasked.stderr).toContain('Give --dry-run to see the plan, or --yes');
    expect([dry.status, unasked.status, mixed.status, unknown.status]).toEqual([0, 2, 2, 1]);
    expect((await store.outbox.get(pull.id))?.state).toBe('failed');
  });

  it('puts back what is needed, and gives the rest up', async () => {
    const replayed = await run('jobs', 'replay', '--code', 'source/unreachable', '--yes', '--json');
    expect(replayed.json<{ replayed: string[] }>().replayed).toEqual([pull.id]);
    expect(await store.outbox.get(pull.id)).toMatchObject({ state: 'pending', replays: 1, attempts: 0 });
    const [discarded, cancelled] = await Promise.all([
      run('jobs', 'discard', short(done), '--reason', 'done by another'),
      run('jobs', 'cancel', short(pull), '--reason', 'not today'),
    ]);
    expect(discarded.stdout).toContain('shop.errors');
    expect(cancelled.stdout).toMatch(/✓ pull shop\.orders [0-9a-f]{8} cancelled/);
    expect([discarded.status, cancelled.status]).toEqual([0, 0]);
    expect(await store.outbox.get(pull.id)).toMatchObject({
      state: 'cancelled',
      errorMessage: expect.stringMatching(/^cli.*: not today$/),
    });
    expect((await store.deadLetters.find(done.id, 1))[0]).toMatchObject({
      state: 'discarded',
      discardReason: 'done by another',
    });
    expect((await run('jobs', 'cancel', short(pull), '--json')).status, 'a second time').toBe(1);
  });

  it('settles a message that no channel can tell about', async () => {
    const [shown, neither] = await Promise.all([
      run('deliveries', '--state', 'unknown'),
      run('deliveries', 'settle', deliveryId.slice(0, 8)),
    ]);
    expect(shown.stdout).toContain('sponsor@example.com');
    expect(neither.status).toBe(2);
    const settled = await run(
      'deliveries',
      'settle',
      deliveryId.slice(0, 8),
      '--not-sent',
      '--reason',
      'asked',
      '--json',
    );
    const { state, jobId } = settled.json<{ state: string; jobId: string }>();
    expect([state, settled.status]).toEqual(['pending', 0]);
    expect(await store.outbox.get(jobId)).toMatchObject({
      kind: 'deliver-message',
      state: 'pending',
      args: { deliveryId },
    });
    expect((await store.deadLetters.find(message.id, 1))[0]?.state).toBe('discarded');
    expect(await store.deadLetters.count('open')).toBe(0);
  });
});
