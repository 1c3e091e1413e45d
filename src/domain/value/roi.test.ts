import { describe, expect, it } from 'vitest';
import { costWith, daily, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import type { StoredSample } from '../types.ts';
import { canonicalJson } from './canonical.ts';
import type { RoiInput } from './input.ts';
import { inputsHash } from './inputs-hash.ts';
import type { RoiOutputs } from './outputs.ts';
import { computeRoi } from './roi.ts';

const metricOf = (outputs: RoiOutputs) => outputs.metrics[0] as RoiOutputs['metrics'][number];
const codes = (outputs: RoiOutputs) => outputs.warnings.map(({ code }) => code);

describe('cost and return', () => {
  const metric = metricWith();
  const samples = daily('2026-01-01', '2026-07-01', () => 1);
  it('actuals and accruals count net of corrections up to the date; budget and commitments stand apart', () => {
    const manualCosts = [
      costWith({ amount: '1000' }),
      costWith({ amount: '-200', kind: 'accrual', correctionOf: 'x' }),
      costWith({ amount: '5000', kind: 'budget' }),
      costWith({ amount: '70', kind: 'commitment' }),
      costWith({ amount: '9', postingDate: '2026-08-01' }),
    ];
    const { costs, costToDate } = computeRoi(inputWith(projectWith([metric], { manualCosts }), '2026-07-01', samples));
    expect(costToDate).toBe('800');
    expect(costs).toMatchObject({ toDate: '800', budget: '5000', commitments: '70', lineCount: 5 });
  });
  it('more credits than costs are no base: NPV is shown, ROI and BCR are not', () => {
    const manualCosts = [costWith({ amount: '1000' }), costWith({ amount: '-6000', sourceKey: 'credit' })];
    const outputs = computeRoi(inputWith(projectWith([metric], { manualCosts }), '2026-07-01', samples));
    expect(outputs).toMatchObject({ costToDate: '-5000', roi: null, realisedRoi: null, bcr: null });
    expect(Number(outputs.npv)).toBeGreaterThan(0);
  });
  it('NPV, ROI and BCR agree with a calculation of their own in floating point', () => {
    const project = projectWith([metric], {
      manualCosts: [costWith({ amount: '180000' }), costWith({ amount: '20000', postingDate: '2026-03-02' })],
    });
    const outputs = computeRoi(inputWith(project, '2026-07-01', samples));
    const ends = ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31', '2026-06-30'];
    const factor = (date: string) => 1.08 ** (-(Date.parse(date) - Date.parse('2026-01-01')) / 86_400_000 / 365);
    const pvb = ends.reduce((total, end) => total + (119 - Number(end.slice(-2))) * 450 * factor(end), 0);
    const pvc = 180000 * factor('2026-01-31') + 20000 * factor('2026-03-31');
    expect(outputs.cashFlows.map(({ date }) => date)).toEqual(ends);
    expect(Number(outputs.npv)).toBeCloseTo(pvb - pvc, 4);
    expect(Number(outputs.roi)).toBeCloseTo((pvb - pvc) / pvc, 9);
    expect(Number(outputs.bcr)).toBeCloseTo(pvb / pvc, 9);
    expect(outputs.irr.status).toBe('unique');
    expect(outputs.payback).toMatchObject({ date: '2026-06-01', crossesBack: false });
    expect(outputs.basis).toBe('closed periods to 30 Jun 2026, flows at month ends discounted at 8% from 1 Jan 2026');
  });
  it('a cost source that was never pulled leaves the cost unknown, not zero, and no ROI or NPV is claimed', () => {
    const source = { connector: 'sap', stream: 'costs' };
    const project = projectWith([metric], { costSources: [{ ...source, projectRef: 'P-1' }] });
    const unread = computeRoi(inputWith(project, '2026-07-01', samples, { unreadCostSources: [source] }));
    expect(unread).toMatchObject({ costToDate: null, npv: null, roi: null, realisedRoi: null });
    expect(unread.warnings.map(({ message }) => message)).toContain(
      'the cost source sap/costs was never pulled, so cost to date is not known',
    );
  });
  it('no cost: ROI and BCR are not given, NPV is; nothing declared: neither', () => {
    const free = projectWith([metric], { costSources: [{ connector: 'sap', stream: 'costs', projectRef: 'P-1' }] });
    expect(computeRoi(inputWith(free, '2026-07-01', samples))).toMatchObject({
      costToDate: '0',
      roi: null,
      bcr: null,
      npv: expect.any(String),
    });
    expect(computeRoi(inputWith(projectWith([metric]), '2026-07-01', samples))).toMatchObject({
      costToDate: null,
      npv: null,
    });
  });
  it('a cost without an exchange rate makes every figure that needs it unknown, never a conversion at 1', () => {
    const manualCosts = [costWith(), costWith({ currency: 'CHF', amount: '5' })];
    const outputs = computeRoi(inputWith(projectWith([metric], { manualCosts }), '2026-07-01', samples));
    expect(outputs).toMatchObject({
      costToDate: null,
      pvCosts: null,
      npv: null,
      roi: null,
      realisedRoi: null,
      bcr: null,
    });
    expect(outputs.irr.status).toBe('not-applicable');
    expect(outputs.benefitToDate).not.toBeNull();
    expect(codes(outputs)).toContain('value/missing-fx-rate');
  });
  it('a benefit rate without an exchange rate does so as well', () => {
    const dollars = metricWith({
      rates: [{ from: '2026-01-01', to: null, amount: '1', currency: 'USD', per: 'failure', perPeriod: null }],
    });
    const outputs = computeRoi(inputWith(projectWith([dollars], { manualCosts: [costWith()] }), '2026-07-01', samples));
    expect(outputs).toMatchObject({ benefitToDate: null, roi: null, npv: null, costToDate: '1000' });
    expect(codes(outputs)).toContain('value/missing-fx-rate');
  });
  it('one month without an exchange rate leaves the metric’s whole benefit unknown', () => {
    const dollars = metricWith({
      rates: [{ from: '2026-01-01', to: null, amount: '1', currency: 'USD', per: 'failure', perPeriod: null }],
    });
    const fxRates = [
      { from: 'USD', to: 'EUR', rate: '0.9', validFrom: '2026-01-01', validTo: '2026-06-01', source: 't' },
    ];
    const outputs = computeRoi(inputWith(projectWith([dollars]), '2026-07-01', samples, { fxRates }));
    expect(metricOf(outputs)).toMatchObject({ benefitToDate: null, unadjustedBenefitToDate: null });
    expect(metricOf(outputs).periods[0]?.benefit).toBe('79.2');
    expect(outputs.benefitToDate).toBeNull();
  });
  it('a metric that has ended is not stale', () => {
    const over = metricWith({ endsOn: '2026-07-01' });
    expect(metricOf(computeRoi(inputWith(projectWith([over]), '2026-09-01', samples))).stale).toBe(false);
  });
  it('a metric whose newest sample is past its freshness limit is stale', () => {
    const late = computeRoi(inputWith(projectWith([metric]), '2026-07-10', samples));
    expect(metricOf(late).stale).toBe(true);
    expect(metricOf(computeRoi(inputWith(projectWith([metric]), '2026-07-02', samples))).stale).toBe(false);
  });
});

describe('the same inputs', () => {
  const project = projectWith([metricWith()], { manualCosts: [costWith()] });
  const input = (samples: StoredSample[]): RoiInput => inputWith(project, '2026-03-01', samples);
  const samples = daily('2026-01-01', '2026-03-01', (_, index) => index % 5);
  it('give the same bytes and hash, whatever the order of rows and wherever they came from', () => {
    const shuffled = samples.map((sample) => ({ ...sample, pullId: 'other', recordedAtMs: 9 })).reverse();
    expect(canonicalJson(computeRoi(input(shuffled)))).toBe(canonicalJson(computeRoi(input(samples))));
    expect(inputsHash(input(shuffled))).toBe(inputsHash(input(samples)));
  });
  it.each([
    { document: '4711' },
    { correctionOf: 'x' },
    { capitalisation: 'capex' as const },
    { recurrence: 'run' as const },
  ])('with a cost line changed by %j give another hash', (change) => {
    const hash = (line: Parameters<typeof costWith>[0]) => inputsHash({ ...input(samples), costs: [costWith(line)] });
    expect(hash(change)).not.toBe(hash({}));
  });
  it('changed in one sample give another hash', () => {
    const corrected = samples.map((sample, index) => (index === 4 ? { ...sample, value: 99, revision: 2 } : sample));
    expect(inputsHash(input(corrected))).not.toBe(inputsHash(input(samples)));
    expect(metricOf(computeRoi(input(corrected))).periods[0]?.revision).toBe(2);
  });
});
