import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StoreFixture, storeFixture } from '../contract/store/fixtures.ts';
import { budget } from '../factories/budget.ts';
import { outturn } from '../harness/cli.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const yaml = `
settings: { timeZone: Europe/Berlin, objects: { kind: folder, path: objects } }
accounts:
  sap-prod: { requestsPerMinute: 5, requestsPerDay: 2, resetsAt: 00:00, timeZone: UTC }
connectors:
  costs:
    kind: prometheus
    url: http://127.0.0.1:9
    account: sap-prod
    streams: { a: { query: up, step: 1h, unit: h, sample: interval } }
  shop:
    kind: prometheus
    url: http://127.0.0.1:9
    streams: { a: { query: up, step: 1h, unit: h, sample: interval } }
`;
const limits = budget({ account: 'sap-prod', concurrency: 2, requestsPerMinute: 5, requestsPerDay: 2 });
let fixture: StoreFixture;
let temporary: TemporaryDirectory;
let folder: string;
beforeAll(async () => {
  fixture = await storeFixture();
  temporary = await temporaryDirectory('budgets');
  folder = temporary.path;
  await mkdir(path.join(folder, 'config'));
  await writeFile(path.join(folder, 'config', 'a.yaml'), yaml);
});
afterAll(async () => {
  await fixture?.close();
  await temporary?.remove();
});

const run = (...args: string[]) =>
  outturn(['budgets', ...args, '--config', path.join(folder, 'config')], {
    cwd: folder,
    env: { DATABASE_URL: fixture.database.url },
  });
/** One request, and what the source said in its answer. */
async function request(id: string, pauseMs: number | null): Promise<void> {
  const queue = { id: 'host:1', live: 1, backfill: 0 };
  await fixture.store.budgets.claim({ limits, purpose: 'live', leaseId: id, leaseMs: 45_000, queue, waitedMs: 0 });
  const signal = { refused: true, pauseMs, pauseReason: '429 with Retry-After', perMinute: null };
  await fixture.store.budgets.release(limits, id, {
    sent: true,
    begunWithinMs: 1,
    signal: pauseMs === null ? null : signal,
  });
}

describe('outturn budgets', () => {
  it('shows what each account may be asked, what is used, and in words what holds it up', async () => {
    await request('one', null);
    const fresh = await run();
    expect(fresh.status).toBe(0);
    expect(fresh.stdout).toMatch(/sap-prod +0\/2 +1\/5 +1\/2 +0 +costs/);
    expect(fresh.stdout).toMatch(/connector:shop +0\/2 +0 +0 +0 +shop/);
    await request('two', 600_000);
    const held = await run('costs');
    expect(held.stdout).toMatch(/blocked for (10m|9m\d+s): 429 with Retry-After/);
    expect(held.stdout).toMatch(/nothing more today: the next day begins at 00:00 \(UTC\), in/);
    expect(held.stdout).not.toContain('connector:shop');
  });

  it('goes on at once after --unblock', async () => {
    const first = await run('sap-prod', '--unblock');
    expect(first.stdout).toContain('What its source said is forgotten');
    expect(first.stdout).not.toContain('blocked for');
    const second = await run('sap-prod', '--unblock', '--json');
    expect(second.json()).toMatchObject({ budgets: [{ account: 'sap-prod', blocked: null, today: { used: 2 } }] });
  });

  it('names what was probably meant, and what --unblock wants', async () => {
    const unknown = await run('sap-prid');
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toContain('Did you mean sap-prod?');
    const missing = await run('--unblock');
    expect(missing.status).toBe(2);
    expect(missing.stderr).toContain('--unblock takes the account');
  });
});
