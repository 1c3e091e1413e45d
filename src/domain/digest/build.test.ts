import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  digestFacts,
  digestInput,
  metricOutput,
  NOW_MS,
  period,
  previousOutputs,
  project,
  roiOutputs,
} from '../../../test/factories/digest.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import { digestSubject } from './build.ts';
import { digestFingerprint } from './fingerprint.ts';
import { localDateOf } from './format.ts';
import { roundedMoves, whatMoved } from './moves.ts';

const DAY_MS = 86_400_000;

describe('the subject of a digest', () => {
  it('gives ROI with its change, NPV, the number of alerts and the week', () => {
    expect(digestSubject(digestFacts())).toBe('[Checkout rewrite] ROI 42% (+3 pts) · NPV €1.2m · 1 alert · w/e 14 Sep');
  });

  it('says that figures are withheld rather than showing old ones', () => {
    expect(digestSubject(digestFacts({ nowMs: NOW_MS + 30 * DAY_MS }))).toBe(
      '[Checkout rewrite] Figures withheld · 4 alerts · w/e 14 Sep',
    );
  });

  it('writes n/a where there is no cost to divide by', () => {
    const outputs = roiOutputs({ roi: null, costToDate: '0' });
    const facts = digestFacts({ snapshot: { id: 's', outputs }, previous: null });
    expect(digestSubject(facts)).toContain('ROI n/a · NPV €1.2m');
  });

  it('is one line whatever the project is called', () => {
    const facts = digestFacts({ project: project({ name: 'Two\r\nBcc: lines' }) });
    expect(digestSubject(facts)).toContain('[Two Bcc: lines]');
  });
});

describe('a headline is withheld', () => {
  it('when nothing was computed yet', () => {
    const facts = digestFacts({ snapshot: null });
    expect(facts.headline).toBeNull();
    expect(facts.headlineAbsentBecause).toContain('Nothing has been computed');
    expect(facts.snapshotId).toBeNull();
  });

  it('when no metric is turned into money, naming the reason of each', () => {
    const outputs = roiOutputs({ metrics: [metricOutput({ monetised: false, notMonetisedBecause: 'no baseline' })] });
    const facts = digestFacts({ snapshot: { id: 's', outputs } });
    expect(facts.headline).toBeNull();
    expect(facts.headlineAbsentBecause).toContain('Failed checkouts: no baseline');
  });

  it('when a source died after the snapshot was made', () => {
    const facts = digestFacts({ nowMs: NOW_MS + 3 * DAY_MS });
    expect(facts.headline).toBeNull();
    expect(facts.headlineAbsentBecause).toMatch(/Failed checkouts \(newest 14 Sep 2026, 07:00 CEST\)/);
    expect(facts.staleSources).toContainEqual(
      expect.objectContaining({ connector: 'sap', stream: 'service-hours', metric: 'Service desk hours' }),
    );
    expect(facts.moved).toEqual([]);
  });

  it('when a monetised metric has no data at all', () => {
    const outputs = roiOutputs({ metrics: [metricOutput({ newestSampleAtMs: null, latest: null })] });
    const facts = digestFacts({ snapshot: { id: 's', outputs } });
    expect(facts.headlineAbsentBecause).toContain('Failed checkouts (none)');
    expect(facts.metrics[0]?.state).toBe('no-data');
  });

  it('when every period is still provisional', () => {
    const outputs = roiOutputs({ metrics: [metricOutput({ periods: [period({ status: 'provisional' })] })] });
    expect(digestFacts({ snapshot: { id: 's', outputs } }).headlineAbsentBecause).toContain('provisional');
  });

  it('but not when only a metric that has ended gets no more data', () => {
    const ended = project();
    for (const metric of ended.metrics) metric.endsOn = '2026-09-01';
    expect(digestFacts({ project: ended, nowMs: NOW_MS + 30 * DAY_MS }).headline).not.toBeNull();
  });

  it('but a stale metric that is only tracked is named as stale and withholds nothing', () => {
    const outputs = roiOutputs();
    const tracked = outputs.metrics.find(({ monetised }) => !monetised);
    if (tracked !== undefined) tracked.stale = true;
    const facts = digestFacts({ snapshot: { id: 's', outputs } });
    expect(facts.headline).not.toBeNull();
    expect(facts.staleSources.map(({ metric }) => metric)).toEqual(['Conversion rate']);
  });
});

describe('what moved', () => {
  it('names new periods, restated periods and cost, and sums to the net change', () => {
    const facts = digestFacts();
    expect(facts.moved.map(({ cause }) => cause)).toEqual([
      'Failed checkouts: 1 new period',
      'Cost posted',
      'Service desk hours: 1 new period',
    ]);
    expect(facts.netChange).toBe('17787.7');
    const sum = facts.moved.reduce((total, { amount }) => total.plus(amount), new Decimal(facts.otherMoves ?? 0));
    expect(sum.toFixed()).toBe(facts.netChange);
  });

  it('sums exactly for any figures', () => {
    const amount = fc.integer({ min: -1e9, max: 1e9 }).map((cents) => new Decimal(cents).div(100).toFixed());
    const metrics = fc.array(fc.tuple(amount, amount), { maxLength: 8 });
    fc.assert(
      fc.property(metrics, amount, amount, amount, amount, (pairs, b1, c1, b2, c2) => {
        const make = (side: 0 | 1, benefitToDate: string, costToDate: string) =>
          roiOutputs({
            benefitToDate,
            costToDate,
            metrics: pairs.map((pair, index) => metricOutput({ metricId: `m${index}`, benefitToDate: pair[side] })),
          });
        const moves = whatMoved(make(1, b2, c2), make(0, b1, c1));
        const sum = moves.moved.reduce((total, move) => total.plus(move.amount), new Decimal(moves.otherMoves ?? 0));
        expect(moves.moved.length).toBeLessThanOrEqual(3);
        expect(sum.equals(moves.netChange ?? Number.NaN)).toBe(true);
        expect(sum.equals(new Decimal(b2).minus(c2).minus(new Decimal(b1).minus(c1)))).toBe(true);
      }),
      { seed: 20260914 },
    );
  });

  it('compares nothing with a cost or benefit that was not known on one side', () => {
    for (const overrides of [{ costToDate: null }, { benefitToDate: null }]) {
      const unknown = roiOutputs(overrides);
      expect(whatMoved(roiOutputs(), unknown)).toMatchObject({ moved: [], netChange: null });
      expect(whatMoved(unknown, roiOutputs())).toMatchObject({ moved: [], netChange: null });
    }
  });

  it('names periods that are no longer counted apart from the new ones', () => {
    const gone = period({ from: '2026-08-24', to: '2026-08-31', benefit: '900' });
    const added = period({ benefit: '100' });
    const before = roiOutputs({
      benefitToDate: '900',
      metrics: [metricOutput({ benefitToDate: '900', periods: [gone] })],
    });
    const now = roiOutputs({
      benefitToDate: '100',
      metrics: [
        metricOutput({ benefitToDate: '100', periods: [{ ...gone, status: 'provisional', benefit: null }, added] }),
      ],
    });
    expect(whatMoved(now, before)).toEqual({
      moved: [
        { cause: 'Failed checkouts: 1 period no longer counted', amount: '-900' },
        { cause: 'Failed checkouts: 1 new period', amount: '100' },
      ],
      otherMoves: '0',
      netChange: '-800',
    });
    const facts = digestFacts({
      snapshot: { id: 's', outputs: now },
      previous: { date: '2026-09-07', outputs: before },
    });
    expect(facts.restatements).toEqual([
      {
        metric: 'Failed checkouts',
        period: '2026-08-24',
        oldBenefit: '900',
        newBenefit: null,
        why: 'no longer counted: its samples are provisional again',
      },
    ]);
  });

  it('adds up as written: rounding goes to the rest, or is named', () => {
    const moved = [
      { cause: 'a', amount: '1000.5' },
      { cause: 'b', amount: '200.5' },
      { cause: 'c', amount: '0.2' },
    ];
    expect(roundedMoves({ moved, otherMoves: '0', netChange: '1201.2' })).toEqual({
      rows: [
        { cause: 'a', amount: '1001' },
        { cause: 'b', amount: '201' },
        { cause: 'Rounding', amount: '-1' },
      ],
      net: '1201',
    });
    expect(roundedMoves({ moved, otherMoves: '-27.7', netChange: '1173.5' })?.rows.at(-1)).toEqual({
      cause: 'Everything else',
      amount: '-28',
    });
    expect(roundedMoves({ moved: [{ cause: 'a', amount: '0.254' }], otherMoves: '0', netChange: '0.254' })).toEqual({
      rows: [{ cause: 'a', amount: '0.25' }],
      net: '0.25',
    });
  });

  it('compares nothing in the first digest', () => {
    const facts = digestFacts({ previous: null });
    expect(facts).toMatchObject({ moved: [], netChange: null, otherMoves: null, comparedWith: null });
    expect(facts.headline?.roiChange).toBeNull();
  });

  it('says nothing of change when another digest of the same day had the same figures', () => {
    const { nowMs, reader } = digestInput();
    const date = localDateOf(nowMs, reader.timeZone);
    const again = digestFacts({ previous: { date, outputs: roiOutputs() } });
    expect(again).toMatchObject({ moved: [], netChange: null, otherMoves: null, comparedWith: null });
    expect(again.headline).toMatchObject({ roi: roiOutputs().roi, roiChange: null });
    const changed = digestFacts({ previous: { date, outputs: previousOutputs() } });
    expect(changed.comparedWith).toBe(date);
    expect(changed.headline?.roiChange).not.toBeNull();
    const dayBefore = digestFacts({ previous: { date: '2026-09-07', outputs: roiOutputs() } });
    expect(dayBefore).toMatchObject({ comparedWith: '2026-09-07', netChange: '0', headline: { roiChange: '0' } });
  });

  it('does not compare amounts of another currency', () => {
    const previous = { date: '2026-09-07', outputs: { ...previousOutputs(), currency: 'USD' } };
    expect(digestFacts({ previous }).netChange).toBeNull();
  });
});

describe('restatements', () => {
  it('show a period counted before with another benefit: old, new and why', () => {
    expect(digestFacts().restatements).toEqual([
      {
        metric: 'Failed checkouts',
        period: '2026-08-31',
        oldBenefit: '180',
        newBenefit: '152.28',
        why: 'the source corrected its samples (64 → 71 failures)',
      },
    ]);
  });

  it.each([
    [
      'late samples',
      period({ benefit: '1', received: 160, actual: '60' }),
      '8 samples arrived late (60 → 71 failures)',
    ],
    [
      'a changed baseline',
      period({ benefit: '1', counterfactual: '110' }),
      'the baseline changed (110 → 118 failures)',
    ],
    ['a changed rate', period({ benefit: '1', rate: '4' }), 'the rate changed (4 → 4.5)'],
    ['changed factors', period({ benefit: '1' }), 'attribution, deadweight, displacement or confidence changed'],
  ])('say so for %s', (_, old, why) => {
    const outputs = roiOutputs({ metrics: [metricOutput({ periods: [old] })] });
    const facts = digestFacts({ previous: { date: '2026-09-07', outputs } });
    expect(facts.restatements[0]?.why).toBe(why);
  });

  it('leave out a period that was not counted before', () => {
    const outputs = roiOutputs({
      metrics: [metricOutput({ periods: [period({ status: 'provisional', benefit: '1' })] })],
    });
    expect(digestFacts({ previous: { date: '2026-09-07', outputs } }).restatements).toEqual([]);
  });
});

describe('alerts', () => {
  it('tell of a target missed by its date, and not before that date', () => {
    expect(digestFacts().alerts).toEqual(['Service desk hours missed its target: 341.5 h against 300 by 31 Aug 2026']);
  });

  it('tell of whatever a figure on the page leaves out', () => {
    const warnings: RoiOutputs['warnings'] = [
      { code: 'value/cost-unknown', metricId: null, message: 'the cost source sap/costs was never pulled' },
      { code: 'value/no-rate', metricId: 'm', message: 'Orders: no rate is declared for 2 periods' },
    ];
    const payback = { years: '0.2', date: '2026-08-14', crossesBack: true };
    const outputs = roiOutputs({ warnings, payback, metrics: [metricOutput()], costToDate: null });
    const facts = digestFacts({ snapshot: { id: 's', outputs } });
    expect(facts.alerts).toEqual([
      'The cost source sap/costs was never pulled',
      'Orders: no rate is declared for 2 periods',
      'Paid back on 14 Aug 2026, but the cumulative net fell below zero again',
    ]);
    expect(facts.chart).toEqual([]);
  });

  it('tell of losses, cost over budget, thin data and a currency without a rate', () => {
    const outputs = roiOutputs({
      metrics: [metricOutput({ benefitToDate: '-1200', coverage: { expected: 100, received: 80, ratio: '0.8' } })],
      costToDate: '200000',
      coverage: { expected: 100, received: 80, ratio: '0.8' },
      warnings: [{ code: 'value/missing-fx-rate', metricId: null, message: 'No rate from USD to EUR on 3 Sep 2026' }],
    });
    expect(digestFacts({ snapshot: { id: 's', outputs } }).alerts).toEqual([
      'No rate from USD to EUR on 3 Sep 2026',
      'Failed checkouts is worse than its baseline: −€1,200 to date',
      'Cost is over budget by €20,000: €200,000 of €180,000',
      'Only 80% of the expected samples arrived (Failed checkouts 80%)',
    ]);
  });
});

describe('the fingerprint', () => {
  it('is the same when only dates and what the rounding hides differ', () => {
    const later = roiOutputs({ asOf: '2026-09-21', npv: '1234599', basis: 'closed periods to 21 Sep 2026' });
    const facts = digestFacts({ snapshot: { id: 'other', outputs: later }, previous: null, links: [] });
    expect(digestFingerprint(facts)).toBe(digestFingerprint(digestFacts()));
  });

  it('differs when a figure that is shown differs', () => {
    const facts = digestFacts({ snapshot: { id: 's', outputs: roiOutputs({ roi: '0.44' }) } });
    expect(digestFingerprint(facts)).not.toBe(digestFingerprint(digestFacts()));
  });
});

describe('the chart', () => {
  it('stands beside the time until which every monetised metric has data, not the freshest of them', () => {
    const [late, fresh] = ['2026-09-13T04:00:00Z', '2026-09-14T05:00:00Z'].map((at) => Date.parse(at));
    const metrics = [
      metricOutput({ newestSampleAtMs: fresh ?? null }),
      metricOutput({ metricId: 'service-hours', newestSampleAtMs: late ?? null }),
    ];
    expect(digestFacts({ snapshot: { id: 's', outputs: roiOutputs({ metrics }) } }).dataAsOfMs).toBe(late);
  });

  it('is cumulative, thinned, and ends where the figures end', () => {
    const cashFlows = Array.from({ length: 1000 }, (_, day) => ({
      date: new Date(Date.parse('2024-01-01') + day * DAY_MS).toISOString().slice(0, 10),
      benefit: '1.1',
      cost: '0.5',
    }));
    const { chart } = digestFacts({ snapshot: { id: 's', outputs: roiOutputs({ cashFlows }) } });
    expect(chart.length).toBeLessThanOrEqual(120);
    expect(chart.at(-1)).toEqual({ date: '2026-09-26', cumulativeBenefit: '1100', cumulativeCost: '500' });
  });
});
