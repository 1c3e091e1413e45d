import { describe, expect, it } from 'vitest';
import { budgetRate, monthly, plannedCostWith, planWith, promiseWith } from '../../../test/factories/plan.ts';
import { inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import { Decimal } from '../money/decimal.ts';
import { createFxBook } from '../money/fx-book.ts';
import { epochDay } from '../time/dates.ts';
import type { PlannedBenefit, RampStep, ValueMetric } from '../types.ts';
import { money } from '../value/figures.ts';
import { computeRoi } from '../value/roi.ts';
import { constantPath, productOver } from './path.ts';
import { plannedPeriods } from './planned-periods.ts';
import { rampPath } from './ramp.ts';

const book = { budget: createFxBook([], []), currency: 'EUR' };
const YEAR = { startsOn: '2026-01-01', endsOn: '2027-01-01' };
function periodsOf(promise: Partial<PlannedBenefit>, metric: Partial<ValueMetric> = {}, span = YEAR) {
  const result = plannedPeriods(metricWith(metric), promiseWith(promise), span, book);
  if (!result.ok) throw new Error(`no periods: ${result.problem.kind}`);
  return result.periods;
}
const levels = (...args: Parameters<typeof periodsOf>) => periodsOf(...args).map(({ level }) => level.toNumber());

describe('ramp', () => {
  const shareOn = (ramp: RampStep[], startsOn: string, date: string) =>
    productOver(rampPath(ramp, startsOn), constantPath(new Decimal(1)), epochDay(date), epochDay(date) + 1e-9)
      .mean.toDecimalPlaces(6)
      .toNumber();
  const halfThenAll = [
    { afterMonths: 0, share: '0.5' },
    { afterMonths: 4, share: '1' },
  ];

  it('is the full effect from the start where no step is declared', () => {
    expect(shareOn([], '2026-01-01', '2026-01-01')).toBe(1);
  });
  it('goes in straight lines of months between its steps and holds the last', () => {
    expect(shareOn(halfThenAll, '2026-01-01', '2026-01-01')).toBe(0.5);
    expect(shareOn(halfThenAll, '2026-01-01', '2026-02-01')).toBe(0.625);
    expect(shareOn(halfThenAll, '2026-01-01', '2026-03-01')).toBe(0.75);
    expect(shareOn(halfThenAll, '2026-01-01', '2026-05-01')).toBe(1);
    expect(shareOn(halfThenAll, '2026-01-01', '2027-05-01')).toBe(1);
  });
  it('counts a part of a month by its days', () => {
    // Half of February's 28 days.
    expect(shareOn(halfThenAll, '2026-01-01', '2026-02-15')).toBe(0.6875);
  });
  it('starts from nothing where the first step is later', () => {
    const ramp = [{ afterMonths: 2, share: '1' }];
    expect(shareOn(ramp, '2026-01-01', '2026-01-01')).toBe(0);
    expect(shareOn(ramp, '2026-01-01', '2026-02-01')).toBe(0.5);
  });
  it('takes starts on the 31st, for which months have no day', () => {
    const ramp = [{ afterMonths: 3, share: '1' }];
    expect(shareOn(ramp, '2026-01-31', '2026-02-28')).toBeCloseTo(1 / 3, 6);
    expect(shareOn(ramp, '2026-01-31', '2026-04-30')).toBe(1);
  });
});

describe('planned periods', () => {
  it('hold a step until the next, and a straight line by its mean over the period', () => {
    const curve = [
      { from: '2026-01-01', value: '100' },
      { from: '2026-03-01', value: '80' },
    ];
    expect(levels({ curve }).slice(0, 4)).toEqual([100, 100, 80, 80]);
    const linear = levels({ curve, interpolation: 'linear' });
    expect(linear[0]).toBeCloseTo(100 - (20 * 15.5) / 59, 10);
    expect(linear[1]).toBeCloseTo(100 - (20 * 45) / 59, 10);
    expect(linear.slice(2, 4)).toEqual([80, 80]);
  });
  it('weigh a step within a period by its days', () => {
    const curve = [
      { from: '2026-01-01', value: '100' },
      { from: '2026-01-11', value: '69' },
    ];
    expect(levels({ curve })[0]).toBeCloseTo((100 * 10 + 69 * 21) / 31, 10);
  });
  it('ramp the movement and not the level', () => {
    const ramp = [{ afterMonths: 2, share: '1' }];
    // Mean shares of the first two months: a quarter and three quarters.
    expect(levels({ ramp }).slice(0, 3)).toEqual([119 - 39 / 4, 119 - (39 * 3) / 4, 80]);
  });
  it('agree with a sum over days where curve and ramp both move', () => {
    const promise = promiseWith({
      curve: [
        { from: '2026-01-01', value: '110' },
        { from: '2026-06-15', value: '70' },
      ],
      interpolation: 'linear',
      ramp: [
        { afterMonths: 1, share: '0.3' },
        { afterMonths: 6, share: '1' },
      ],
    });
    const rows = periodsOf(promise);
    const ramp = rampPath(promise.ramp, '2026-01-01');
    const line = { days: promise.curve.map(({ from }) => epochDay(from)), values: [new Decimal(110), new Decimal(70)] };
    const one = constantPath(new Decimal(1));
    for (const { from, to, level } of rows) {
      let total = 0;
      for (let at = epochDay(from) + 1 / 4; at < epochDay(to); at += 1 / 2) {
        const curve = productOver({ ...line, linear: true }, one, at, at + 1e-9).mean.toNumber();
        total += ((curve - 119) * productOver(ramp, one, at, at + 1e-9).mean.toNumber()) / 2;
      }
      expect(level.toNumber()).toBeCloseTo(119 + total / (epochDay(to) - epochDay(from)), 3);
    }
  });
  it('make the money of the check V1, where the counterfactual falls by one a month', () => {
    const curve = [118, 110, 100, 92, 85, 80].map((value, index) => ({
      from: `2026-0${index + 1}-01`,
      value: String(value),
    }));
    const rows = periodsOf({ curve, counterfactualChange: '-1', attribution: '0.8', confidence: '0.9' });
    expect(rows.slice(0, 6).reduce((total, { benefit }) => total + benefit.toNumber(), 0)).toBe(36936);
  });
  it('value a stock by the part of the year, a monthly rate as twelve of them', () => {
    const stock: Partial<ValueMetric> = { kind: 'stock', stockValuation: 'holding' };
    const [yearly] = periodsOf({ rate: { amount: '365', currency: 'EUR', perPeriod: 'year' } }, stock);
    expect(yearly?.benefit.toNumber()).toBe(39 * 31);
    const year = periodsOf({ rate: { amount: '10', currency: 'EUR', perPeriod: 'month' } }, stock);
    expect(year.reduce((total, { benefit }) => total + benefit.toNumber(), 0)).toBeCloseTo(39 * 120, 6);
  });
  it('value a stock that is released once', () => {
    const rows = periodsOf({ ramp: [{ afterMonths: 2, share: '1' }] }, { kind: 'stock', stockValuation: 'release' });
    expect(rows.slice(0, 4).map(({ benefit }) => money(benefit))).toEqual(['8775', '8775', '0', '0']);
  });
  it('apply a ratio to the planned exposure, and none without it', () => {
    const ratio: Partial<ValueMetric> = { kind: 'ratio' };
    const promise = { curve: [{ from: '2026-01-01', value: '0.05' }], counterfactual: '0.1' };
    expect(periodsOf({ ...promise, exposure: '1000' }, ratio)[0]?.benefit.toNumber()).toBe(22500);
    expect(plannedPeriods(metricWith(ratio), promiseWith(promise), YEAR, book)).toEqual({
      ok: false,
      problem: { kind: 'exposure' },
    });
  });
  it('lose the drop-off with each whole year, and let no doubt shrink a loss', () => {
    const two = periodsOf({ dropOff: '0.1', confidence: '0.5' }, {}, { ...YEAR, endsOn: '2028-01-01' });
    expect([two[11], two[12]].map((row) => row?.benefit.toNumber())).toEqual([8775, 7897.5]);
    const [loss] = periodsOf({ curve: [{ from: '2026-01-01', value: '129' }], confidence: '0.5' });
    expect(loss?.benefit.toNumber()).toBe(-4500);
  });
  it('count the counterfactual by date and ramp and drop-off by the start that came to be', () => {
    const late = periodsOf(
      { counterfactualChange: '-1', ramp: [{ afterMonths: 2, share: '1' }] },
      {},
      { startsOn: '2026-04-01', endsOn: '2027-01-01' },
    );
    expect(late[0]?.counterfactual.toNumber()).toBe(116);
    expect(late[0]?.level.toNumber()).toBe(116 - (116 - 80) / 4);
  });
});

describe('the plan among the outputs', () => {
  const plan = planWith({
    costs: [plannedCostWith({ amount: '50000' }), plannedCostWith({ date: '2027-01-15', amount: '10000' })],
  });
  const outputs = (changes: Parameters<typeof projectWith>[1], asOf = '2026-04-01') =>
    computeRoi(inputWith(projectWith([metricWith()], changes), asOf, monthly('2026-01-01', [110, 90, 80])));

  it('is to date what was promised of the months that are over, and in total that of the horizon', () => {
    expect(outputs({ plans: [plan] }).plan).toMatchObject({
      version: 'business-case',
      approvedBy: 'Investment board',
      benefitToDate: String(3 * 39 * 450),
      benefitTotal: String(36 * 39 * 450),
      costToDate: '50000',
      costTotal: '60000',
    });
  });
  it('raises costs that were not spent at the freezing by the cost risk', () => {
    const frozen = { ...plan, frozenOn: '2026-01-15' };
    expect(outputs({ plans: [frozen], costRisk: '0.1' }).plan).toMatchObject({
      costToDate: '50000',
      costTotal: '61000',
    });
  });
  it('is the last one that was frozen by then, and none before the first', () => {
    const revised = planWith({ id: 'revised', frozenOn: '2026-03-10' });
    expect(outputs({ plans: [plan, revised] }).plan?.version).toBe('revised');
    expect(outputs({ plans: [plan, revised] }, '2026-03-09').plan?.version).toBe('business-case');
    const none = outputs({ plans: [revised] }, '2026-03-09');
    expect([none.plan, none.forecast, none.variance, none.constantCurrency]).toEqual([null, null, null, null]);
  });
  it('is converted by its own budget rates and no others', () => {
    const dollars = planWith({
      benefits: [promiseWith({ rate: { amount: '500', currency: 'USD', perPeriod: null } })],
      costs: [plannedCostWith({ amount: '100', currency: 'USD' })],
    });
    const fxRates = [budgetRate('USD', 'EUR', '0.9')];
    expect(outputs({ plans: [{ ...dollars, fxRates }] }).plan).toMatchObject({
      benefitToDate: String(3 * 39 * 450),
      costToDate: '90',
    });
    const input = inputWith(projectWith([metricWith()], { plans: [dollars] }), '2026-04-01', [], { fxRates });
    const { plan: none, warnings } = computeRoi(input);
    expect(none).toBeNull();
    expect(warnings.filter(({ code }) => code === 'value/missing-fx-rate').map(({ message }) => message)).toEqual([
      'plan business-case: Failed checkouts: its rate has no budget rate from USD to EUR on 2026-01-01; no figure of the plan is given',
      'plan business-case: the cost of 100 USD on 2026-01-15 has no budget rate from USD to EUR on 2026-01-15; no figure of the plan is given',
    ]);
  });
  it('has no figures when it promises what the project no longer has', () => {
    const gone = outputs({ plans: [planWith({ benefits: [promiseWith({ metricId: 'gone' })] })] });
    expect(gone.plan).toBeNull();
    expect(gone.warnings.map(({ message }) => message).join()).toContain(
      'plan business-case: it promises a benefit of',
    );
  });
});

describe('deliverables', () => {
  const at = (dates: { forecastOn?: string; actualOn?: string }, asOf: string) => {
    const deliverable = { id: 'd', name: 'D', plannedOn: '2026-06-01', forecastOn: null, actualOn: null, metrics: [] };
    const project = projectWith([], { deliverables: [{ ...deliverable, ...dates }] });
    const [output] = computeRoi(inputWith(project, asOf, [])).deliverables;
    return [output?.state, output?.daysLate];
  };
  it('are planned, due, late and delivered, and say by how many days', () => {
    expect(at({}, '2026-03-01')).toEqual(['planned', 0]);
    expect(at({ forecastOn: '2026-06-11' }, '2026-03-01')).toEqual(['planned', 10]);
    expect(at({ forecastOn: '2026-05-22' }, '2026-03-01')).toEqual(['planned', -10]);
    expect(at({}, '2026-05-20')).toEqual(['due', 0]);
    expect(at({}, '2026-06-01')).toEqual(['due', 0]);
    expect(at({}, '2026-06-06')).toEqual(['late', 5]);
    expect(at({ forecastOn: '2026-06-20' }, '2026-06-06')).toEqual(['late', 19]);
    expect(at({ actualOn: '2026-05-30' }, '2026-06-06')).toEqual(['delivered', -2]);
  });
  it('are not delivered on a date before their delivery', () => {
    expect(at({ actualOn: '2026-06-04' }, '2026-06-03')).toEqual(['late', 2]);
  });
});
