import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cost, dayMs, midnightMs, pullOf, type StoreFixture, sample, source, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

const setIdentity = (stream: string, identity: string, connector = 'shop-metrics'): Promise<boolean> =>
  fixture.store.transaction((tx) => tx.connectors.setIdentity({ connector, stream, identity }));

describe('a stream that asks something else than before', () => {
  it('begins anew: the figures of before are neither mixed with the new ones nor lost', async () => {
    const { store, clock } = fixture;
    const stream = 'asked-otherwise';
    expect(await setIdentity(stream, 'first')).toBe(false);
    await store.measurements.ingest(pullOf([sample(midnightMs, 3, { labels: { shop: 'a' } })], stream));
    await store.watermarks.advance({
      connector: 'shop-metrics',
      stream,
      watermarkMs: midnightMs + dayMs,
      pullId: 'pull-1',
    });
    const thenMs = clock.nowMs();
    clock.advance(dayMs);

    expect(await setIdentity(stream, 'second')).toBe(true);
    expect(await store.watermarks.get('shop-metrics', stream)).toBeNull();
    const range = { fromMs: midnightMs, toMs: midnightMs + dayMs };
    expect(await store.measurements.read(source(stream), range)).toEqual([]);
    clock.advance(1);
    await store.measurements.ingest(
      pullOf(
        [sample(midnightMs, 7, { labels: { shop: 'a' } }), sample(midnightMs, 5, { labels: { region: 'x' } })],
        stream,
      ),
    );
    const values = (rows: readonly { value: number | null }[]) => rows.map(({ value }) => value);
    expect(values(await store.measurements.read(source(stream), range))).toEqual([7, 5]);
    expect(values(await store.measurements.read(source(stream), { ...range, knownAtMs: thenMs }))).toEqual([3]);
  });

  it('reads a cost line anew, though it be the same as before', async () => {
    const { store, clock } = fixture;
    const lines = (pullId: string) => ({
      connector: 'sap',
      stream: 'costs',
      pullId,
      observedAtMs: clock.nowMs(),
      rows: [cost('1/1', '100')],
    });
    const read = (knownAtMs?: number) =>
      store.costs.read({ connector: 'sap', stream: 'costs', projectRef: 'P-1001', knownAtMs });
    await setIdentity('costs', 'first', 'sap');
    await store.costs.ingest(lines('pull-1'));
    const thenMs = clock.nowMs();
    clock.advance(dayMs);
    await setIdentity('costs', 'second', 'sap');
    clock.advance(1);
    expect(await read()).toEqual([]);
    await store.costs.ingest(lines('pull-2'));
    expect(await read()).toMatchObject([{ amount: '100', pullId: 'pull-2' }]);
    expect(await read(thenMs)).toMatchObject([{ amount: '100', pullId: 'pull-1' }]);
    expect(await store.costs.ingest(lines('pull-3'))).toMatchObject({ unchanged: 1 });
  });

  it('goes on as it was where nothing but its settings changed', async () => {
    const { store } = fixture;
    await setIdentity('same', 'first');
    await store.watermarks.advance({ connector: 'shop-metrics', stream: 'same', watermarkMs: midnightMs, pullId: 'p' });
    expect(await setIdentity('same', 'first')).toBe(false);
    expect(await store.watermarks.get('shop-metrics', 'same')).toMatchObject({ watermarkMs: midnightMs });
  });
});

describe('connectors', () => {
  it('are kept with every definition that they had', async () => {
    const { connectors } = fixture.store;
    const draft = {
      connector: 'kept',
      kind: 'prometheus',
      definition: { kind: 'prometheus', settings: { url: 'http://a.example' }, streams: {} },
      secretsFingerprint: null,
      isRetired: false,
    };
    await connectors.record(draft, { by: 'config', reason: null });
    await connectors.record({ ...draft, isRetired: true }, { by: 'cli (ops)', reason: 'moved' });
    expect(await connectors.inForce()).toMatchObject([
      { ...draft, version: 2, isRetired: true, recordedBy: 'cli (ops)', reason: 'moved' },
    ]);
  });

  it('are known by their newest check alone', async () => {
    const { connectors } = fixture.store;
    const finding = { level: 'error', aspect: 'credentials', message: 'no', expiresAtMs: midnightMs } as const;
    await connectors.saveCheck({ connector: 'checked', checkedAtMs: 1, durationMs: 5, findings: [finding, finding] });
    await connectors.saveCheck({ connector: 'checked', checkedAtMs: 2, durationMs: 6, findings: [finding] });
    expect(await connectors.checks()).toEqual([
      { connector: 'checked', checkedAtMs: 2, durationMs: 6, findings: [finding] },
    ]);
  });

  it('are failing since the first pull that failed after the last one that succeeded', async () => {
    const { store, clock } = fixture;
    const begin = async (id: string): Promise<void> => {
      clock.advance(1000);
      const name = { connector: 'ill', stream: 's' };
      await store.pulls.start({
        id,
        jobId: `job-${id}`,
        attempt: 1,
        ...name,
        fromMs: midnightMs,
        toMs: midnightMs + 1,
      });
    };
    const facts = { pages: 1, rows: 20, inserted: 20, revisions: 0, expected: 24, warnings: ['four are missing'] };
    await begin('ill-1');
    await store.pulls.succeed('ill-1', facts);
    await begin('ill-2');
    const sinceMs = clock.nowMs();
    await store.pulls.fail('ill-2', { errorCode: 'source/timeout', errorMessage: 'too slow', pages: 0 });
    await begin('ill-3');
    await store.pulls.fail('ill-3', { errorCode: 'source/unauthorised', errorMessage: 'no', pages: 0 });
    const found = (await store.connectors.health()).find(({ connector }) => connector === 'ill');
    expect(found).toMatchObject({
      latest: { id: 'ill-3', errorCode: 'source/unauthorised' },
      lastSuccess: { id: 'ill-1', rows: 20, expected: 24 },
      failingSinceMs: sinceMs,
      failures: 2,
    });
  });

  it('are as before when somebody stops a pull, or a worker is shut down', async () => {
    const { store, clock } = fixture;
    const name = { connector: 'stopped', stream: 's' };
    const stop = { errorCode: 'queue/cancelled', errorMessage: 'The worker was shut down', pages: 0 } as const;
    const begin = async (id: string): Promise<void> => {
      clock.advance(1000);
      await store.pulls.start({
        id,
        jobId: `job-${id}`,
        attempt: 1,
        ...name,
        fromMs: midnightMs,
        toMs: midnightMs + 1,
      });
    };
    const health = async () => (await store.connectors.health()).find(({ connector }) => connector === 'stopped');
    await begin('stopped-1');
    await store.pulls.fail('stopped-1', stop);
    expect((await health())?.failures ?? 0).toBe(0);
    expect((await health())?.failingSinceMs ?? null).toBeNull();
    await begin('stopped-2');
    await store.pulls.fail('stopped-2', { errorCode: 'source/timeout', errorMessage: 'too slow', pages: 0 });
    await begin('stopped-3');
    await store.pulls.fail('stopped-3', stop);
    expect(await health()).toMatchObject({ latest: { id: 'stopped-2', errorCode: 'source/timeout' }, failures: 1 });
  });
});
