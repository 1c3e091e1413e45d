import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleStatus } from '#domain';
import { hourMs, midnightMs, pullOf, type StoreFixture, sample, source, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

interface Step {
  hour: number;
  shop: string;
  value: number;
  status: SampleStatus;
}
interface Folded {
  value: number;
  status: SampleStatus;
  revision: number;
}

/** The rule of revisions, once more and in memory. */
function fold(state: Map<string, Folded>, steps: readonly Step[]): void {
  const last = new Map(steps.map((step) => [`${step.shop} ${step.hour}`, step]));
  for (const [key, { value, status }] of last) {
    const before = state.get(key);
    const settled = before?.status === 'final' && status === 'provisional';
    if (before === undefined) state.set(key, { value, status, revision: 1 });
    else if (before.value !== value) state.set(key, { value, status, revision: before.revision + 1 });
    else if (before.status === status || settled) continue;
    else if (before.status === 'provisional' && status === 'final') state.set(key, { ...before, status });
    else state.set(key, { value, status, revision: before.revision + 1 });
  }
}

const step = fc.record<Step>({
  hour: fc.integer({ min: 0, max: 5 }),
  shop: fc.constantFrom('de', 'fr'),
  value: fc.constantFrom(0, 1, 2.5),
  status: fc.constantFrom<SampleStatus>('provisional', 'final', 'estimated'),
});

describe('any sequence of pulls', () => {
  it('leaves what a fold of the same samples in memory leaves, now and as known after each of them', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 8 }), { minLength: 1, maxLength: 5 }), async (pulls) => {
        run += 1;
        const stream = `sequence-${run}`;
        const state = new Map<string, Folded>();
        const asKnown: { atMs: number; expected: Record<string, Folded> }[] = [];
        for (const steps of pulls) {
          fixture.clock.advance(1_000);
          await fixture.store.measurements.ingest(
            pullOf(
              steps.map(({ hour, shop, value, status }) =>
                sample(midnightMs + hour * hourMs, value, { status, labels: { shop } }),
              ),
              stream,
            ),
          );
          fold(state, steps);
          asKnown.push({ atMs: fixture.clock.nowMs(), expected: Object.fromEntries(state) });
        }
        const shops = new Map(
          (await fixture.store.measurements.series(source(stream))).map((one) => [one.id, one.labels['shop']]),
        );
        for (const { atMs, expected } of asKnown) {
          const read = await fixture.store.measurements.read(source(stream), {
            fromMs: midnightMs,
            toMs: midnightMs + 24 * hourMs,
            knownAtMs: atMs,
          });
          const stored = Object.fromEntries(
            read.map(({ seriesId, atMs: at, value, status, revision }) => [
              `${shops.get(seriesId)} ${(at - midnightMs) / hourMs}`,
              { value, status, revision },
            ]),
          );
          expect(stored).toEqual(expected);
        }
      }),
      { seed: 20260601, numRuns: 60 },
    );
  });
});
