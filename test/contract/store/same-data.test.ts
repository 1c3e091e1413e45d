import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addDays, canonicalJson, startOfDayMs } from '#domain';
import { type Config, figuresAt, type IngestRow, type Registry } from '#kit';
import { baselineOf, byTest, costWith, draftsOf, metricWith, projectWith } from '../../factories/value.ts';
import { storeFixture } from './fixtures.ts';

const DAY = 86_400_000;
const metric = metricWith({ baseline: baselineOf('400'), cadence: 'week' });
const project = projectWith(
  [
    metric,
    {
      ...metric,
      id: 'stock',
      kind: 'stock',
      stockValuation: 'holding',
      rates: metric.rates.map((rate) => ({ ...rate, perPeriod: 'year' as const })),
    },
  ],
  {
    id: 'same',
    costSources: [{ connector: 'sap', stream: 'costs', projectRef: 'P-1' }],
  },
);
const config = { connectors: [] } as unknown as Config;
const registry: Registry = { connectorKind: () => undefined };

/** Three series of a quarter; values that do not add up the same in any order when they are floats. */
function rows(): IngestRow[] {
  const found: IngestRow[] = [];
  for (let date = '2026-01-01', index = 0; date < '2026-04-01'; date = addDays(date, 1), index++)
    for (const shop of ['berlin', 'rome', 'oslo'])
      found.push({
        labels: { shop },
        unit: 'failures',
        atMs: startOfDayMs(date, 'Europe/Berlin'),
        durationMs: DAY,
        value: 0.1 + index / 3 + shop.length,
        status: 'final',
        pageHash: 'a'.repeat(64),
      });
  return found;
}
const costs = ['10.10', '250.35', '99.99'].map((amount) => ({ ...costWith({ amount }), pageHash: null }));

async function figuresOf(batches: IngestRow[][], bills: typeof costs) {
  const fixture = await storeFixture();
  try {
    const { store, clock } = fixture;
    await store.projects.apply(draftsOf(project), byTest);
    for (const batch of batches) {
      clock.advance(1_000);
      const input = { connector: 'shop', stream: 'failures', pullId: randomUUID(), observedAtMs: clock.nowMs() };
      await store.measurements.ingest({ ...input, rows: batch });
    }
    for (const bill of bills) {
      const input = { connector: 'sap', stream: 'costs', pullId: randomUUID(), observedAtMs: clock.nowMs() };
      await store.costs.ingest({ ...input, rows: [bill] });
    }
    await store.watermarks.advance({ connector: 'sap', stream: 'costs', watermarkMs: 1, pullId: randomUUID() });
    return await figuresAt({ config, registry, store, clock }, project.id, { asOf: '2026-04-15' });
  } finally {
    await fixture.close();
  }
}

describe('the same data in another database', () => {
  it('in another order and by other pulls gives the same hash and the same bytes', async () => {
    const all = rows();
    const one = await figuresOf([all], costs);
    const byShop = ['oslo', 'rome', 'berlin'].map((shop) =>
      all.filter(({ labels }) => labels['shop'] === shop).reverse(),
    );
    const other = await figuresOf(byShop, [...costs].reverse());
    expect(other.inputsHash).toBe(one.inputsHash);
    expect(canonicalJson(other.outputs)).toBe(canonicalJson(one.outputs));
    expect(one.outputs.metrics[0]?.periods[1]?.received).toBe(21);
  });
});
