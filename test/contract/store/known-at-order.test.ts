import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, startOfDayMs } from '#domain';
import { type Config, figuresAt, type Registry, recompute, type Store } from '#kit';
import { dirtyPeriods } from '#src/ingest/affected';
import { byTest, draftsOf, metricWith, projectWith } from '../../factories/value.ts';
import { pollUntil } from '../../harness/poll.ts';
import { type StoreFixture, storeFixture } from './fixtures.ts';

const config = { connectors: [] } as unknown as Config;
const registry: Registry = { connectorKind: () => undefined };
const metric = metricWith({ cadence: 'month' });
const project = projectWith([metric], { id: 'order', timeZone: 'Europe/Berlin' });
const { connector, stream } = metric.source;

describe('what is recorded while figures are computed', () => {
  let fixture: StoreFixture;
  let other: Store;
  beforeAll(async () => {
    fixture = await storeFixture();
    other = await fixture.another();
  });
  afterAll(() => fixture?.close());

  /** Stores a month as another process would, and commits when it is told to. */
  async function pull(month: string, days: number, value: number, mayCommit: Promise<void>, stored: () => void) {
    const pullId = randomUUID();
    await other.transaction(
      async (tx) => {
        const observedAtMs = fixture.clock.nowMs();
        const row = { labels: {}, unit: 'failures', durationMs: days * 86_400_000, value, status: 'final' as const };
        const rows = [{ ...row, atMs: startOfDayMs(month, 'Europe/Berlin'), pageHash: 'a'.repeat(64) }];
        const { changed } = await tx.measurements.ingest({ connector, stream, pullId, observedAtMs, rows });
        await tx.dirty.mark(dirtyPeriods(await tx.projects.list(), { connector, stream }, changed), pullId);
        stored();
        await mayCommit;
      },
      { records: true },
    );
  }
  const compute = () =>
    fixture.store.transaction(
      (tx) =>
        recompute({ config, registry, clock: fixture.clock, newId: randomUUID }, tx, {
          projectId: project.id,
          asOf: undefined,
          full: false,
          signal: AbortSignal.timeout(60_000),
          progress: () => {},
        }),
      { oneInstant: true, settled: true },
    );

  it('is in them, or was recorded later than by when they say they were known', async () => {
    const { store, clock, database } = fixture;
    clock.set(Date.parse('2026-07-05T08:00:00Z'));
    await store.projects.apply(draftsOf(project), byTest);
    await pull('2026-05-01', 31, 40, Promise.resolve(), () => {});
    await compute();

    clock.advance(86_400_000);
    const commit = Promise.withResolvers<void>();
    const stored = Promise.withResolvers<void>();
    const pulling = pull('2026-06-01', 30, 30, commit.promise, stored.resolve);
    await stored.promise;
    clock.advance(1_000);
    let isDone = false;
    const computing = compute().finally(() => {
      isDone = true;
    });
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await pollUntil('the recompute is done, or waits', async () => {
      const waiting = await client.query("SELECT FROM pg_locks WHERE NOT granted AND relation = 'watermark'::regclass");
      return isDone || waiting.rowCount === 1;
    });
    await client.end();
    commit.resolve();
    await pulling;
    const { snapshot } = await computing;
    const { asOf, knownAtMs } = snapshot;
    clock.advance(1_000);
    const again = await figuresAt({ config, registry, store, clock }, project.id, { asOf, knownAtMs });
    expect(again.inputsHash).toBe(snapshot.inputsHash);
    expect(canonicalJson(again.outputs)).toBe(canonicalJson(snapshot.outputs));
  });

  it('is seen as of one instant, though who records goes on at once', async () => {
    const { store, clock } = fixture;
    await store.transaction(
      async (tx) => {
        const before = await tx.costs.read({ connector: 'sap', stream: 'costs', projectRef: 'P' });
        // Would wait for ever, were it kept waiting.
        await pull('2026-04-01', 30, 20, Promise.resolve(), () => {});
        const after = await tx.measurements.read(metric.source, { fromMs: 0, toMs: clock.nowMs() });
        expect(before).toEqual([]);
        expect(after.map(({ value }) => value)).toEqual([40, 30]);
        expect(tx.seenAtMs()).toBe(clock.nowMs());
      },
      { oneInstant: true, settled: true },
    );
  });
});
