import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate, openStore } from '#src/store/index';
import { emptyDatabase, silentLog } from '../../harness/database.ts';
import { pollUntil } from '../../harness/poll.ts';
import { cost, resolver, type StoreFixture, settableClock, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

const openAt = (url: string) =>
  openStore({
    url,
    resolver,
    clock: settableClock(),
    newId: randomUUID,
    log: silentLog,
    applicationName: 'outturn test',
  });

async function thrownBy(work: () => Promise<unknown>): Promise<unknown> {
  return await work().then(
    () => expect.fail('nothing was thrown'),
    (error: unknown) => error,
  );
}

/** All of an error that could reach a log or a screen. */
function everythingSaid(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    parts.push(String(at.stack), JSON.stringify({ ...at }));
  return parts.join('\n');
}

describe('a database that cannot be used', () => {
  it('is named with host and database, as something to try again, and the password is not told', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    server.close();
    await once(server, 'close');
    const url = `postgres://outturn:s3cr3t-pass@127.0.0.1:${port}/value`;
    for (const work of [() => openAt(url), () => migrate({ url, log: silentLog })]) {
      const error = await thrownBy(work);
      expect(error).toMatchObject({ name: 'RetryableError', code: 'storage/unavailable' });
      expect(String(error)).toContain(`127.0.0.1:${port}/value`);
      expect(everythingSaid(error)).not.toContain('s3cr3t');
    }
  });

  it('says that the password was refused, without telling it', async () => {
    const url = new URL(fixture.database.url);
    url.password = 'wr0ng-pass';
    const error = await thrownBy(() => openAt(url.href));
    expect(error).toMatchObject({ name: 'PermanentError', code: 'storage/unavailable', hint: 'Check DATABASE_URL.' });
    expect(everythingSaid(error)).not.toContain('wr0ng');
  });

  it('says that the database does not exist', async () => {
    const url = new URL(fixture.database.url);
    url.pathname = '/nowhere';
    await expect(openAt(url.href)).rejects.toMatchObject({ code: 'storage/unavailable', name: 'PermanentError' });
  });

  it('asks for the migrations where the schema is missing', async () => {
    const database = await emptyDatabase();
    const store = await openAt(database.url);
    await expect(store.pulls.list(1)).rejects.toMatchObject({
      code: 'storage/migration-failed',
      hint: 'Run outturn migrate.',
    });
    await store.close();
    await database.close();
  });
});

describe('a store at work', () => {
  it('works on after its sessions were ended by the server', async () => {
    const { store, database } = fixture;
    await store.pulls.list(1);
    const admin = new Client({ connectionString: database.url });
    await admin.connect();
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'outturn test'");
    await admin.end();
    await pollUntil('the pool has a live session', async () => {
      await store.pulls.list(1);
      return true;
    });
  });

  it('tries a transaction again that met another one, so that both count', async () => {
    const { store } = fixture;
    const other = await fixture.another();
    const stream = 'deadlock';
    let runs = 0;
    let meet: () => void = () => undefined;
    const met = new Promise<void>((resolve) => {
      meet = resolve;
    });
    const crossing = (first: string, second: string, one: typeof store) =>
      one.transaction(async (repositories) => {
        runs += 1;
        await repositories.lock(first);
        if (runs >= 2) meet();
        await met;
        await repositories.lock(second);
        await repositories.costs.ingest({
          connector: 'sap',
          stream,
          pullId: 'p',
          observedAtMs: 0,
          rows: [cost(first, '1')],
        });
      });
    await Promise.all([crossing('a', 'b', store), crossing('b', 'a', other)]);
    expect(runs).toBe(3);
    expect(await store.costs.read({ connector: 'sap', stream, projectRef: 'P-1001' })).toHaveLength(2);
  });

  it('refuses to be used within its own transaction, where it could wait for itself', async () => {
    const { store } = fixture;
    await expect(store.transaction(() => store.pulls.list(1))).rejects.toMatchObject({ code: 'internal' });
    expect(await store.pulls.list(1)).toEqual([]);
  });

  it('tells the server version and how far its clock is from ours', async () => {
    const now = Date.now();
    fixture.clock.set(now);
    const health = await fixture.store.health();
    expect(health.version).toMatch(/^18\./);
    expect(Math.abs(health.clockDifferenceMs)).toBeLessThan(60_000);
    fixture.clock.set(now + 3_600_000);
    expect((await fixture.store.health()).clockDifferenceMs).toBeLessThan(-3_500_000);
  });
});
