import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays, canonicalJson, type Project, startOfDayMs } from '#domain';
import { type Config, figuresAt, type Registry, recompute } from '#kit';
import { dirtyPeriods } from '#src/ingest/affected';
import { baselineWindow, byTest, draftsOf, metricWith, projectWith } from '../../factories/value.ts';
import { type StoreFixture, storeFixture } from './fixtures.ts';

const config = { connectors: [] } as unknown as Config;
const registry: Registry = { connectorKind: () => undefined };
const zone = 'Europe/Berlin';
const metric = metricWith({ cadence: 'month', baseline: baselineWindow('2026-01-01', '2026-02-01') });
const other = metricWith({ id: 'other', source: { ...metric.source, stream: 'elsewhere' } });

/** A day of each sample; 23:30 UTC is the next day in Berlin. */
const rowsOf = (from: string, to: string, value: number, atHourMs = 0) => {
  const rows = [];
  for (let date = from; date < to; date = addDays(date, 1))
    rows.push({
      labels: { shop: 'one' },
      unit: 'failures',
      atMs: startOfDayMs(date, zone) + atHourMs,
      durationMs: 3_600_000,
      value,
      status: 'final' as const,
      pageHash: 'a'.repeat(64),
    });
  return rows;
};

describe('readings kept while a definition is changed and changed back', () => {
  let fixture: StoreFixture;
  beforeAll(async () => {
    fixture = await storeFixture();
  });
  afterAll(() => fixture?.close());

  const apply = (...projects: Project[]) => {
    fixture.clock.advance(60_000);
    return fixture.store.projects.apply(draftsOf(...projects), byTest);
  };
  async function pull(rows: ReturnType<typeof rowsOf>): Promise<void> {
    const { store, clock } = fixture;
    clock.advance(60_000);
    const pullId = randomUUID();
    await store.transaction(async (tx) => {
      const observedAtMs = clock.nowMs();
      const stream = metric.source.stream;
      const connector = metric.source.connector;
      const { changed } = await tx.measurements.ingest({ connector, stream, pullId, observedAtMs, rows });
      await tx.dirty.mark(dirtyPeriods(await tx.projects.list(), { connector, stream }, changed), pullId);
    });
  }
  async function compute(projectId: string) {
    fixture.clock.advance(60_000);
    const ports = { config, registry, clock: fixture.clock, newId: randomUUID };
    const request = { projectId, asOf: undefined, full: false, signal: AbortSignal.timeout(60_000), progress() {} };
    return await fixture.store.transaction((tx) => recompute(ports, tx, request), { oneInstant: true });
  }

  const base = projectWith([metric, other], { timeZone: zone });
  const elsewhere = { ...metric, source: { ...metric.source, stream: 'elsewhere' } };
  it.each<[string, (project: Project) => Project[]]>([
    ['its cadence', (project) => [{ ...project, metrics: [{ ...metric, cadence: 'quarter' }, other] }]],
    ['its source', (project) => [{ ...project, metrics: [elsewhere, other] }]],
    ['the metric, which was taken away', (project) => [{ ...project, metrics: [other] }]],
    ['the time zone', (project) => [{ ...project, timeZone: 'Pacific/Auckland' }]],
    ['the project, which was retired', () => []],
  ])('are not believed: %s', async (name, changed) => {
    const { store, clock } = fixture;
    const project = { ...base, id: `there-and-back ${name}`.replaceAll(/[^a-z]+/g, '-') };
    clock.set(Math.max(clock.nowMs(), Date.parse('2026-07-05T08:00:00Z')));
    await pull(rowsOf('2026-01-01', '2026-07-01', 10));
    await apply(project);
    await compute(project.id);
    await apply(...changed(project));
    // Corrected: what was counted in March, and the last hours of April.
    await pull([...rowsOf('2026-03-10', '2026-03-20', 2), ...rowsOf('2026-04-30', '2026-05-01', 3, 82_800_000)]);
    await apply(project);
    const { snapshot } = await compute(project.id);
    const ports = { config, registry, store, clock };
    const anew = await figuresAt(ports, project.id);
    expect(snapshot.inputsHash).toBe(anew.inputsHash);
    expect(canonicalJson(snapshot.outputs)).toBe(canonicalJson(anew.outputs));
  });

  it('are kept where only money is told otherwise', async () => {
    const project = { ...base, id: 'kept' };
    await apply(project);
    const first = await compute(project.id);
    await apply({ ...project, metrics: [{ ...metric, attribution: '0.5' }, other] });
    const second = await compute(project.id);
    expect(second.created).toBe(true);
    expect(second.reread).toBeLessThan(first.reread);
  });
});
