import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addDays,
  canonicalJson,
  computeRoi,
  inputsHash,
  localDateAt,
  type MetricReadings,
  type Project,
  readMetric,
} from '#domain';
import { type Config, loadRoiInput, type Registry, recompute, type Store } from '#kit';
import { dirtyPeriods } from '#src/ingest/affected';
import { loadMetricSamples } from '#src/kit/metric-samples';
import { refreshReadings } from '#src/kit/refresh-readings';
import { type StoreFixture, storeFixture } from '../contract/store/fixtures.ts';
import { byTest, draftsOf } from '../factories/value.ts';
import {
  bulkOf,
  FIRST,
  MemoryMeasurements,
  MemoryReadings,
  type Point,
  projectOf,
  rowsOf,
  type Scenario,
  type Step,
  scenario,
} from './incremental.world.ts';
import { runs } from './runs.ts';

const DAY = 86_400_000;
const START_MS = Date.parse(`${addDays(FIRST, 20)}T12:00:00Z`);

/** With a history that was there before, and a recompute at the end. */
const stepsOf = ({ steps }: Scenario): Step[] => [
  ...(['main', 'den', 'exp', 'ctl'] as const).map((stream) => ({ do: 'bulk' as const, stream, series: 0, day: -25 })),
  { do: 'recompute', days: 0 },
  ...steps,
  { do: 'recompute', days: 0 },
];

/** Rows by their stream. */
function byStream(world: Scenario, points: readonly Point[]) {
  const streams = [...new Set(points.map(({ stream }) => stream))].sort();
  return streams.map((stream) => ({
    stream,
    rows: rowsOf(
      world,
      points.filter((point) => point.stream === stream),
    ),
  }));
}

/** Where two readings part, so that a failure can be read; null: they are the same bytes. */
function firstDifference(one: MetricReadings, other: MetricReadings): unknown {
  if (JSON.stringify(one) === JSON.stringify(other)) return null;
  for (const part of ['periods', 'baseline'] as const)
    for (const [index, reading] of other[part].entries())
      if (JSON.stringify(one[part][index]) !== JSON.stringify(reading))
        return { part, kept: one[part][index], reading };
  return { one: { ...one, periods: [], baseline: [] }, other: { ...other, periods: [], baseline: [] } };
}

describe('readings kept between recomputes', () => {
  it('are those of reading every sample again, after any pulls, days and changes of definition', async () => {
    let reread = 0;
    let total = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async (world) => {
        const measurements = new MemoryMeasurements();
        const repositories = { measurements: measurements as never, readings: new MemoryReadings() };
        let nowMs = START_MS;
        let project: Project = projectOf(world, world.first, 'p');
        let marks = new Set<string>();
        for (const step of stepsOf(world)) {
          nowMs += 60_000;
          measurements.nowMs = nowMs;
          if (step.do === 'define') project = projectOf(world, step.definition, 'p');
          else if (step.do === 'recompute') {
            nowMs += step.days * DAY;
            const [metric] = project.metrics as [Project['metrics'][0]];
            const scope = {
              project,
              metric,
              intervals: {
                source: world.declaresInterval ? DAY : null,
                denominator: null,
                exposure: null,
                control: null,
              },
              asOf: localDateAt(nowMs, project.timeZone),
            };
            const kept = await refreshReadings(repositories, scope, { dirty: [...marks], full: false });
            marks = new Set();
            reread += kept.reread;
            total += kept.total;
            const anew = readMetric(project, metric, await loadMetricSamples(measurements, scope), scope.asOf);
            expect(firstDifference(kept.readings, anew)).toBeNull();
          } else
            for (const { stream, rows } of byStream(world, step.do === 'bulk' ? bulkOf(world, step) : step.points)) {
              const changed = measurements.ingest(stream, rows);
              for (const { period } of dirtyPeriods([project], { connector: 'p', stream }, changed)) marks.add(period);
            }
        }
      }),
      { seed: 20260705, numRuns: runs(50, 1_000) },
    );
    // Else the property would hold because everything is always read.
    expect(reread / total).toBeLessThan(0.7);
  });
});

describe('recompute on PostgreSQL', () => {
  let fixture: StoreFixture;
  beforeAll(async () => {
    fixture = await storeFixture();
  });
  afterAll(() => fixture?.close());

  const ports = (): { config: Config; registry: Registry; clock: StoreFixture['clock']; newId: () => string } => ({
    config: { connectors: [] } as unknown as Config,
    registry: { connectorKind: () => undefined },
    clock: fixture.clock,
    newId: randomUUID,
  });

  /** What a pull does in its transaction. */
  async function pull(store: Store, world: Scenario, connector: string, points: readonly Point[]): Promise<void> {
    const pullId = randomUUID();
    for (const { stream, rows } of byStream(world, points))
      await store.transaction(async (repositories) => {
        await repositories.lockShared('projects');
        const projects = await repositories.projects.list();
        const observedAtMs = fixture.clock.nowMs();
        const { changed } = await repositories.measurements.ingest({ connector, stream, pullId, observedAtMs, rows });
        await repositories.dirty.mark(dirtyPeriods(projects, { connector, stream }, changed), pullId);
      });
  }

  it('gives the bytes of a full recompute, after any pulls, days and changes of definition', async () => {
    const { store, clock } = fixture;
    let run = 0;
    let reread = 0;
    let total = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async (world) => {
        const id = `p${++run}`;
        const define = (definition: Scenario['first']) =>
          store.projects.apply(draftsOf(projectOf(world, definition, id)), byTest);
        clock.set(START_MS);
        await define(world.first);
        for (const step of stepsOf(world)) {
          clock.advance(60_000);
          if (step.do === 'define') await define(step.definition);
          else if (step.do === 'pull') await pull(store, world, id, step.points);
          else if (step.do === 'bulk') await pull(store, world, id, bulkOf(world, step));
          else {
            clock.advance(step.days * DAY);
            const request = { projectId: id, asOf: undefined, signal: AbortSignal.timeout(60_000), progress: () => {} };
            const inOne = <T>(work: Parameters<typeof store.transaction<T>>[0]) =>
              store.transaction(work, { oneInstant: true });
            const { snapshot, ...counts } = await inOne((tx) => recompute(ports(), tx, { ...request, full: false }));
            reread += counts.reread;
            total += counts.periods;
            const anew = await inOne(async (tx) => {
              const [defined] = await tx.projects.versions(id, { limit: 1 });
              if (defined === undefined) throw new Error(`no ${id}`);
              const today = localDateAt(clock.nowMs(), world.timeZone);
              return await loadRoiInput(ports(), tx, defined, { asOf: today, today });
            });
            expect(snapshot.inputsHash).toBe(inputsHash(anew));
            expect(canonicalJson(snapshot.outputs)).toBe(canonicalJson(computeRoi(anew)));
          }
        }
      }),
      { seed: 20260705, numRuns: runs(10, 100) },
    );
    expect(reread / total).toBeLessThan(0.8);
  });
});
