import { describe, expect, it } from 'vitest';
import { budgetRate, monthly, plannedCostWith, planWith, promiseWith } from '../../../test/factories/plan.ts';
import { costWith, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import type { CostLine, PlannedCost, PlanVersion, Project, RatePeriod, ValueMetric } from '../types.ts';
import { computeRoi } from '../value/roi.ts';

interface Case {
  values?: (number | null)[];
  metric?: Partial<ValueMetric>;
  plan?: Partial<PlanVersion>;
  costs?: Partial<CostLine>[];
  project?: Partial<Project>;
}
const rate = (amount: string, currency = 'EUR'): RatePeriod[] => [
  { from: '2026-01-01', to: null, amount, currency, per: 'failure', perPeriod: null },
];
/** January to March, as of 1 April. The dollar is at 0.8 euros, the pound at 1.2. */
function varianceOf({ values = [80, 80, 80], metric, plan, costs = [], project }: Case) {
  const owner = projectWith([metricWith(metric)], {
    plans: [planWith(plan)],
    manualCosts: costs.map(costWith),
    ...project,
  });
  const fxRates = [budgetRate('USD', 'EUR', '0.8'), budgetRate('GBP', 'EUR', '1.2')];
  const { variance } = computeRoi(inputWith(owner, '2026-04-01', monthly('2026-01-01', values), { fxRates }));
  if (variance === null) throw new Error('no variance');
  return variance;
}
const parts = (volume: number, rateEffect: number, timing: number, fx: number) => ({
  volume: String(volume),
  rate: String(rateEffect),
  timing: String(timing),
  fx: String(fx),
  total: String(volume + rateEffect + timing + fx),
});

describe('variance of the benefit', () => {
  it('is zero in every part where all came as planned', () => {
    expect(varianceOf({}).benefit).toEqual({ ...parts(0, 0, 0, 0), share: '0' });
  });
  it('of more moved than planned is volume, at the planned rate', () => {
    const { benefit, metrics } = varianceOf({ values: [70, 70, 70] });
    expect(benefit).toEqual({ ...parts(3 * 10 * 450, 0, 0, 0), share: '0.25641025641' });
    expect(metrics).toEqual([{ metricId: 'failures', benefit }]);
  });
  it('of another rate is rate, at the actual volume', () => {
    const { benefit } = varianceOf({ values: [70, 70, 70], metric: { rates: rate('400') } });
    expect(benefit).toMatchObject(parts(3 * 10 * 450, 3 * 49 * -50, 0, 0));
  });
  it('of another exchange rate is fx, at the actual volume and rate', () => {
    const plan = {
      fxRates: [budgetRate('USD', 'EUR', '0.9')],
      benefits: [promiseWith({ rate: { amount: '500', currency: 'USD', perPeriod: null } })],
    };
    expect(varianceOf({ plan, metric: { rates: rate('500', 'USD') } }).benefit).toMatchObject(
      parts(0, 0, 0, 3 * 39 * 500 * -0.1),
    );
    expect(varianceOf({ plan, metric: { rates: rate('600', 'USD') } }).benefit).toMatchObject(
      parts(0, 3 * 39 * 100 * 0.9, 0, 3 * 39 * 600 * -0.1),
    );
  });
  it('of a late start is timing alone, as is that of an early one', () => {
    const late = { values: [119, 80, 80], metric: { startsOn: '2026-02-01' } };
    expect(varianceOf(late).benefit).toMatchObject(parts(0, 0, -39 * 450, 0));
    const early = { plan: { benefits: [promiseWith({ startsOn: '2026-02-01' })] } };
    expect(varianceOf(early).benefit).toMatchObject(parts(0, 0, 39 * 450, 0));
    const waiting = { values: [119, 119, 119], metric: { hasStarted: false, startsOn: '2026-06-01' } };
    expect(varianceOf(waiting).benefit).toMatchObject(parts(0, 0, -3 * 39 * 450, 0));
  });
  it('of a late start holds the ramp that began later too', () => {
    const ramp = [{ afterMonths: 2, share: '1' }];
    // The plan: a quarter, three quarters, all. From February on: nothing, a quarter, three quarters.
    const values = [119, 119 - 39 / 4, 119 - (39 * 3) / 4];
    const late = { values, metric: { startsOn: '2026-02-01' }, plan: { benefits: [promiseWith({ ramp })] } };
    expect(varianceOf(late).benefit).toMatchObject(parts(0, 0, -39 * 450, 0));
  });
  it('of what may be claimed, against the plan, is volume', () => {
    expect(varianceOf({ metric: { attribution: '0.5' } }).benefit).toMatchObject(parts(-1.5 * 39 * 450, 0, 0, 0));
  });
  it('does not take a month that was not received for a shortfall', () => {
    expect(varianceOf({ values: [80, null, 80] }).benefit).toMatchObject(parts(0, 0, 0, 0));
  });
  it('of a benefit that nobody planned is volume, and has no share', () => {
    const { benefit } = varianceOf({ plan: { benefits: [] } });
    expect(benefit).toEqual({ ...parts(3 * 39 * 450, 0, 0, 0), share: null });
  });
  it('has the sign of the total where the plan is a loss', () => {
    const plan = { benefits: [promiseWith({ curve: [{ from: '2026-01-01', value: '129' }] })] };
    expect(varianceOf({ values: [119, 119, 119], plan }).benefit).toMatchObject({ total: '13500', share: '1' });
  });
});

describe('variance of the cost', () => {
  const costOf = (planned: Partial<PlannedCost>[], costs: Partial<CostLine>[], changes: Case = {}) =>
    varianceOf({ ...changes, plan: { costs: planned.map(plannedCostWith), ...changes.plan }, costs }).cost;
  const run = { recurrence: 'run' } as const;

  it('is zero where all was spent as planned', () => {
    expect(costOf([{ amount: '500' }], [{ amount: '500' }])).toEqual({ ...parts(0, 0, 0, 0), share: '0' });
  });
  it('is volume where more or less was spent: amounts alone tell no price from a quantity', () => {
    expect(costOf([{ amount: '500' }], [{ amount: '650' }])).toEqual({ ...parts(150, 0, 0, 0), share: '0.3' });
    expect(costOf([{ amount: '500', ...run }], [{ amount: '400', ...run }])).toMatchObject(parts(-100, 0, 0, 0));
  });
  it('is timing where a one-off cost of a pool is late', () => {
    const planned = [{ amount: '500', pool: 'hardware' }];
    expect(costOf(planned, [{ amount: '100', pool: 'hardware' }])).toMatchObject(parts(0, 0, -400, 0));
  });
  it('is timing where commitments or forecasts of the pool still bring it, and volume as far as they do not', () => {
    const planned = [{ amount: '500', pool: 'hardware', ...run }];
    const paid = { amount: '100', pool: 'hardware', ...run };
    const open = { kind: 'commitment', amount: '300', pool: 'hardware' } as const;
    expect(costOf(planned, [paid, open])).toMatchObject(parts(-100, 0, -300, 0));
  });
  it('is timing where it came before the month that it was planned for, and the forecast takes it out there', () => {
    const planned = [{ amount: '500', date: '2026-06-15', pool: 'hardware' }];
    const other = { kind: 'forecast', amount: '1', postingDate: '2026-07-01', pool: 'labour' } as const;
    expect(costOf(planned, [{ amount: '500', pool: 'hardware' }, other])).toMatchObject(parts(0, 0, 500, 0));
    expect(costOf(planned, [{ amount: '500', pool: 'hardware' }])).toMatchObject(parts(500, 0, 0, 0));
  });
  it('is volume both ways where the books name the pools otherwise than the plan', () => {
    expect(costOf([{ amount: '500', pool: null }], [{ amount: '500', pool: 'labour' }])).toMatchObject(
      parts(0, 0, 0, 0),
    );
  });
  it('is fx where the exchange rate differs from the budget, and none where the currency was not budgeted', () => {
    const plan = { fxRates: [budgetRate('USD', 'EUR', '0.9')] };
    const planned = [{ amount: '100', currency: 'USD' }];
    expect(costOf(planned, [{ amount: '100', currency: 'USD' }], { plan })).toMatchObject(parts(0, 0, 0, -10));
    expect(costOf(planned, [{ amount: '100', currency: 'GBP' }], { plan })).toMatchObject(parts(30, 0, 0, 0));
  });
  it('is not known where cost to date is not, while that of the benefit is given', () => {
    const variance = varianceOf({});
    expect(variance.cost).toBeNull();
    expect(variance.benefit).not.toBeNull();
  });
});
