import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addDays, canonicalJson, type Project, startOfDayMs } from '#domain';
import { type Config, figuresAt, type Registry, type RoiSnapshot, recompute } from '#kit';
import { dirtyPeriods } from '#src/ingest/affected';
import { baselineWindow, byTest, costWith, draftsOf, metricWith, projectWith } from '../../factories/value.ts';
import { runs } from '../../property/runs.ts';
import { type StoreFixture, storeFixture } from './fixtures.ts';

const DAY = 86_400_000;
const zone = 'Europe/Berlin';
const config = { connectors: [] } as unknown as Config;
const registry: Registry = { connectorKind: () => undefined };
const pageHash = 'a'.repeat(64);

type Step =
  | { do: 'pull'; day: number; days: number; value: number; status: 'final' | 'provisional' }
  | { do: 'bill'; key: number; amount: number; currency: string }
  | { do: 'quote'; day: number; rate: number }
  | { do: 'rates'; rate: number }
  | { do: 'define'; attribution: number; cadence: 'day' | 'month'; timeZone: string; withOther: boolean }
  | { do: 'retire' }
  | { do: 'recompute'; days: number; back: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('pull' as const),
    day: fc.nat({ max: 150 }),
    days: fc.integer({ min: 1, max: 40 }),
    value: fc.nat({ max: 9 }),
    status: fc.constantFrom('final' as const, 'final' as const, 'provisional' as const),
  }),
  fc.record({
    do: fc.constant('bill' as const),
    key: fc.nat({ max: 3 }),
    amount: fc.integer({ min: -500, max: 5_000 }),
    currency: fc.constantFrom('EUR', 'USD'),
  }),
  fc.record({ do: fc.constant('quote' as const), day: fc.nat({ max: 150 }), rate: fc.integer({ min: 90, max: 130 }) }),
  fc.record({ do: fc.constant('rates' as const), rate: fc.integer({ min: 90, max: 130 }) }),
  fc.record({
    do: fc.constant('define' as const),
    attribution: fc.integer({ min: 1, max: 9 }),
    cadence: fc.constantFrom('day' as const, 'month' as const),
    timeZone: fc.constantFrom(zone, zone, 'Asia/Kathmandu'),
    withOther: fc.boolean(),
  }),
  fc.record({ do: fc.constant('retire' as const) }),
  fc.record({ do: fc.constant('recompute' as const), days: fc.nat({ max: 20 }), back: fc.constantFrom(0, 0, 0, 30) }),
  fc.record({ do: fc.constant('recompute' as const), days: fc.nat({ max: 2 }), back: fc.constant(0) }),
);

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture?.close());

it('each snapshot of any history is found again, byte for byte, by its dates', async () => {
  const { store, clock } = fixture;
  let run = 0;
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 25 }), async (steps) => {
      const id = `h${++run}`;
      const source = { connector: id, stream: 'failures', labels: {} };
      const metric = metricWith({ source, baseline: baselineWindow('2026-01-01', '2026-02-01') });
      const other = metricWith({ id: 'other', name: 'Other', source, confidence: '0.5' });
      const costSources = [{ connector: id, stream: 'costs', projectRef: 'P-1' }];
      const first: Project = projectWith([metric, other], { id, timeZone: zone, costSources, startsOn: '2026-02-01' });
      let project = first;
      clock.set(Math.max(clock.nowMs(), Date.parse('2026-06-05T08:00:00Z')));
      await store.projects.apply(draftsOf(project), byTest);
      const snapshots: RoiSnapshot[] = [];
      const observed = () => ({ pullId: randomUUID(), observedAtMs: clock.nowMs() });
      const compute = async (back: number): Promise<void> => {
        if ((await store.projects.versions(id, { limit: 1 }))[0]?.isRetired) return;
        const asOf = back === 0 ? undefined : addDays(new Date(clock.nowMs()).toISOString().slice(0, 10), -back);
        const ports = { config, registry, clock, newId: randomUUID };
        const request = { projectId: id, asOf, full: false, signal: AbortSignal.timeout(60_000), progress() {} };
        const { snapshot } = await store.transaction((tx) => recompute(ports, tx, request), {
          oneInstant: true,
          settled: true,
        });
        snapshots.push(snapshot);
      };
      for (const one of [...steps, { do: 'recompute', days: 1, back: 0 } as const]) {
        clock.advance(one.do === 'recompute' ? one.days * DAY + 1 : 1);
        if (one.do === 'recompute') await compute(one.back);
        else if (one.do === 'retire') await store.projects.apply([], byTest);
        else if (one.do === 'define') {
          const metrics = [{ ...metric, cadence: one.cadence, attribution: `0.${one.attribution}` }];
          project = { ...first, timeZone: one.timeZone, metrics: one.withOther ? [...metrics, other] : metrics };
          await store.projects.apply(draftsOf(project), byTest);
        } else if (one.do === 'bill') {
          const row = costWith({ sourceKey: `d${one.key}`, amount: String(one.amount), currency: one.currency });
          await store.costs.ingest({
            connector: id,
            stream: 'costs',
            ...observed(),
            rows: [{ ...row, postingDate: '2026-03-10', pageHash }],
          });
          await store.watermarks.advance({ connector: id, stream: 'costs', watermarkMs: clock.nowMs(), pullId: id });
        } else if (one.do === 'quote') {
          const date = addDays('2026-01-01', one.day);
          const rows = [{ source: 'ecb/daily', base: 'EUR', quote: 'USD', date, rate: `1.${one.rate}`, pageHash }];
          await store.fx.ingest({ connector: 'ecb', stream: 'daily', ...observed(), rows });
        } else if (one.do === 'rates') {
          const fx = { from: 'USD', to: 'EUR', rate: `0.${one.rate}`, validFrom: '2026-03-01', validTo: '2026-03-20' };
          await store.fx.applyConfigured(one.rate % 2 ? [{ ...fx, source: 'test' }] : [], byTest);
        } else {
          const from = addDays('2026-01-01', one.day);
          const rows = Array.from({ length: one.days }, (_, index) => ({
            labels: {},
            unit: 'failures',
            atMs: startOfDayMs(addDays(from, index), zone),
            durationMs: DAY,
            value: one.value,
            status: one.status,
            pageHash,
          }));
          await store.transaction(async (tx) => {
            const pull = { connector: id, stream: 'failures', ...observed() };
            const { changed } = await tx.measurements.ingest({ ...pull, rows });
            await tx.dirty.mark(dirtyPeriods(await tx.projects.list(), pull, changed), pull.pullId);
          });
        }
      }
      clock.advance(DAY);
      for (const { asOf, knownAtMs, inputsHash, outputs, versions } of snapshots) {
        const again = await figuresAt({ config, registry, store, clock }, id, { asOf, knownAtMs });
        expect(again.inputsHash).toBe(inputsHash);
        expect(canonicalJson(again.outputs)).toBe(canonicalJson(outputs));
        expect({ ...again.versions, definition: 0 }).toEqual({ ...versions, definition: 0 });
        compared += 1;
      }
      await store.projects.apply([], byTest);
    }),
    { seed: 20260705, numRuns: runs(6, 80) },
  );
  expect(compared).toBeGreaterThan(5);
});
