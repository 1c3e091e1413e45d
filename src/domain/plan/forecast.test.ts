import { describe, expect, it } from 'vitest';
import { budgetRate, monthly, plannedCostWith, planWith, promiseWith } from '../../../test/factories/plan.ts';
import { costWith, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import { Decimal } from '../money/decimal.ts';
import type { CostLine, PlanVersion, Project, ValueMetric } from '../types.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import { computeRoi } from '../value/roi.ts';
import { shrunk } from './performance.ts';

interface Case {
  values?: (number | null)[];
  asOf?: string;
  metric?: Partial<ValueMetric>;
  plan?: Partial<PlanVersion>;
  project?: Partial<Project>;
  costs?: Partial<CostLine>[];
}
/** A year of failures to be brought from 119 to 80 a month at €450. */
function outputsOf({
  values = [80, 80, 80],
  asOf = '2026-04-01',
  metric,
  plan,
  project,
  costs = [],
}: Case): RoiOutputs {
  const changes: Partial<Project> = {
    horizonEndsOn: '2027-01-01',
    plans: [planWith(plan)],
    manualCosts: [costWith({ amount: '50000' }), ...costs.map(costWith)],
    ...project,
  };
  return computeRoi(inputWith(projectWith([metricWith(metric)], changes), asOf, monthly('2026-01-01', values)));
}
function forecastOf(example: Case) {
  const { forecast } = outputsOf(example);
  if (forecast === null) throw new Error('no forecast');
  return forecast;
}
const MONTH = 39 * 450;

describe('k', () => {
  it('is the trailing ratio, drawn toward the plan the more the fewer periods there are', () => {
    // Half of the plan: 19.5 fewer failures.
    expect(forecastOf({ values: [99.5], asOf: '2026-02-01' }).factors).toEqual([
      { metricId: 'failures', factor: '0.875', ratio: '0.5', periods: 1 },
    ]);
    expect(forecastOf({ values: [99.5, 99.5, 99.5] }).factors[0]).toMatchObject({ factor: '0.75', periods: 3 });
  });
  it('looks back on six counted periods and no further', () => {
    const values = [119, 119, 99.5, 99.5, 99.5, 99.5, 99.5, 99.5];
    const [k] = forecastOf({ values, asOf: '2026-09-01' }).factors;
    expect(k).toMatchObject({ ratio: '0.5', periods: 6 });
    expect(Number(k?.factor)).toBeCloseTo(2 / 3, 10);
  });
  it('is never below zero nor above two', () => {
    expect(forecastOf({ values: [200, 300, 400] }).factors[0]?.factor).toBe('0');
    expect(forecastOf({ values: [-100, -200, -300] }).factors[0]?.factor).toBe('2');
  });
  it('is one where nothing can be compared, and where the plan promised nothing or a loss', () => {
    const one = { factor: '1', ratio: null };
    expect(forecastOf({ values: [], asOf: '2026-01-15' }).factors[0]).toMatchObject({ ...one, periods: 0 });
    const loss = { benefits: [promiseWith({ curve: [{ from: '2026-01-01', value: '130' }] })] };
    expect(forecastOf({ values: [100, 100, 100], plan: loss }).factors[0]).toMatchObject({ ...one, periods: 3 });
  });
  it('shrinks monotonely: more periods of the same ratio never bring it nearer to one', () => {
    for (const ratio of [0.2, 0.9, 1, 1.4]) {
      const distances = [0, 1, 2, 3, 4, 5, 6].map((n) => shrunk(new Decimal(ratio), n).minus(1).abs());
      for (const [index, distance] of distances.entries()) expect(distance.gte(distances[index - 1] ?? 0)).toBe(true);
    }
  });
  it('is not lowered by a late start, which is a delay and no poor performance', () => {
    const late = forecastOf({ values: [119, 119, 80, 80], asOf: '2026-05-01', metric: { startsOn: '2026-03-01' } });
    expect(late.factors[0]).toMatchObject({ factor: '1', ratio: '1', periods: 2 });
    expect(late.benefitAtCompletion).toBe(String(10 * MONTH));
  });
});

describe('benefit at completion', () => {
  it('is what came and what remains of the plan times k', () => {
    const forecast = forecastOf({ values: [99.5, 99.5, 99.5] });
    expect(forecast.metrics).toEqual([
      {
        metricId: 'failures',
        actual: String(1.5 * MONTH),
        remainingPlan: String(9 * MONTH),
        expected: String(9 * MONTH * 0.75),
      },
    ]);
    expect(forecast.benefitAtCompletion).toBe(String(1.5 * MONTH + 6.75 * MONTH));
  });
  it('expects a period that is over but was not received like those to come: missing is not zero', () => {
    const outputs = outputsOf({ values: [80, null, 80] });
    expect(outputs.benefitToDate).toBe(String(2 * MONTH));
    expect(outputs.plan).toMatchObject({ benefitToDate: String(2 * MONTH), metrics: [{ unobserved: String(MONTH) }] });
    expect(outputs.forecast?.benefitAtCompletion).toBe(String(12 * MONTH));
  });
  it('expects nothing beyond the end of the metric that is now known', () => {
    const forecast = forecastOf({ values: [80, 80, 80], metric: { endsOn: '2026-07-01' } });
    expect(forecast.benefitAtCompletion).toBe(String(6 * MONTH));
  });
  it('waits for a benefit whose deliverable is not there', () => {
    const forecast = forecastOf({ values: [80, 80, 80], metric: { hasStarted: false, startsOn: '2026-02-01' } });
    expect(forecast.metrics).toMatchObject([{ actual: '0', remainingPlan: String(9 * MONTH) }]);
  });
  it('ramps what is expected from the start that came to be, and never what came', () => {
    const ramp = [{ afterMonths: 4, share: '1' }];
    const shares = (1 + 3 + 5 + 7) / 8;
    const plan = { benefits: [promiseWith({ ramp })] };
    const before = outputsOf({ values: [], asOf: '2026-01-01', metric: { ramp }, plan });
    expect(before.plan?.benefitTotal).toBe(String((8 + shares) * MONTH));
    // The full effect at once: the metric has a ramp and the actuals do not care.
    const outputs = outputsOf({ values: [80, 80, 80], metric: { ramp }, plan });
    expect(outputs.benefitToDate).toBe(String(3 * MONTH));
    const same = outputsOf({ values: [80, 80, 80], plan });
    expect(outputs.benefitToDate).toBe(same.benefitToDate);
    expect(outputs.forecast?.metrics[0]?.remainingPlan).toBe(String((8 + 7 / 8) * MONTH));
    const late = outputsOf({ values: [], asOf: '2026-01-01', metric: { ramp, startsOn: '2026-07-01' }, plan });
    expect(late.forecast?.benefitAtCompletion).toBe(String((2 + shares) * MONTH));
  });
  it('is what came when nothing remains, and so are NPV, ROI and payback', () => {
    const outputs = outputsOf({ values: Array<number>(12).fill(90), asOf: '2027-01-01' });
    expect(outputs.forecast).toMatchObject({
      benefitAtCompletion: outputs.benefitToDate,
      costAtCompletion: outputs.costToDate,
      npvAtCompletion: outputs.npv,
      roiAtCompletion: outputs.roi,
      irr: outputs.irr,
      payback: outputs.payback,
    });
    expect(outputs.forecast?.cashFlows).toEqual(outputs.cashFlows.map((flow) => ({ ...flow, isForecast: false })));
  });
  it('is not given where benefit or cost to date is not known', () => {
    expect(outputsOf({ values: [] }).forecast).toBeNull();
    expect(outputsOf({ values: [80], project: { manualCosts: [] } }).forecast).toBeNull();
  });
  it('marks the months of which a part is expected only', () => {
    const { cashFlows } = forecastOf({ values: [80, 80, 80] });
    expect(cashFlows.map(({ isForecast }) => isForecast)).toEqual([...Array(3).fill(false), ...Array(9).fill(true)]);
  });
});

describe('cost at completion', () => {
  const costs = [
    plannedCostWith({ amount: '50000' }),
    plannedCostWith({ date: '2026-09-15', amount: '10000' }),
    plannedCostWith({ date: '2026-03-15', amount: '1200', recurrence: 'run' }),
  ];
  it('adds what remains of the plan where nobody says what is to come', () => {
    expect(forecastOf({ plan: { costs } })).toMatchObject({
      costBasis: 'plan',
      costToCome: '10000',
      costAtCompletion: '60000',
    });
  });
  it('adds commitments and forecast lines instead, with the risk, as the costs do themselves', () => {
    const outputs = outputsOf({
      plan: { costs },
      project: { costRisk: '0.1' },
      costs: [
        { kind: 'commitment', postingDate: '2026-02-10', amount: '3000' },
        { kind: 'forecast', postingDate: '2026-08-10', amount: '5000' },
        { kind: 'forecast', postingDate: '2026-03-10', amount: '777' },
      ],
    });
    expect(outputs.forecast).toMatchObject({ costBasis: 'lines', costToCome: '8800', costAtCompletion: '58800' });
    expect(outputs.forecast?.costAtCompletion).toBe(outputs.costs.estimateAtCompletion);
  });
  it('expects a one-off cost that is late, and takes running costs that were not spent as saved', () => {
    const plan = { costs: [...costs, plannedCostWith({ date: '2026-02-15', amount: '4000' })] };
    expect(forecastOf({ plan }).costAtCompletion).toBe('64000');
  });
  it('does not expect again what came earlier within the fiscal period', () => {
    const early = { kind: 'actual', postingDate: '2026-04-10', amount: '7000', pool: 'hardware' } as const;
    const planned = (date: string) => ({
      costs: [...costs, plannedCostWith({ date, amount: '7000', pool: 'hardware' })],
    });
    const at = (date: string) => forecastOf({ asOf: '2026-04-12', costs: [early], plan: planned(date) });
    expect(at('2026-04-20').costAtCompletion).toBe('67000');
    expect(at('2026-05-20').costAtCompletion).toBe('74000');
  });
});

describe('doubt at completion', () => {
  it('is drawn over what is expected as well', () => {
    const outputs = outputsOf({
      values: [80, 80, 80],
      metric: { confidence: '0.5' },
      plan: { benefits: [promiseWith({ confidence: '0.5' })] },
    });
    const width = (interval: { p10: string; p90: string } | undefined) =>
      Number(interval?.p90 ?? 0) - Number(interval?.p10 ?? 0);
    expect(width(outputs.doubt?.atCompletion?.npv)).toBeGreaterThan(width(outputs.doubt?.npv) * 2);
  });
});

describe('constant currency', () => {
  const dollars: Case = {
    values: [80, 80],
    asOf: '2026-03-01',
    metric: {
      rates: [{ from: '2026-01-01', to: null, amount: '500', currency: 'USD', per: 'failure', perPeriod: null }],
    },
    plan: {
      fxRates: [budgetRate('USD', 'EUR', '0.9')],
      benefits: [promiseWith({ rate: { amount: '500', currency: 'USD', perPeriod: null } })],
    },
  };
  const valued = ({ plan, metric, project }: Case, costs: Partial<CostLine>[]) => {
    const { values = [], asOf = '' } = dollars;
    const owner = projectWith([metricWith(metric)], {
      plans: [planWith(plan)],
      manualCosts: costs.map(costWith),
      ...project,
    });
    const fxRates = [budgetRate('USD', 'EUR', '0.8'), budgetRate('GBP', 'EUR', '1.2')];
    return computeRoi(inputWith(owner, asOf, monthly('2026-01-01', values), { fxRates }));
  };
  it('values what is to date at the budget rates', () => {
    const outputs = valued(dollars, [{ amount: '100', currency: 'USD' }]);
    expect([outputs.benefitToDate, outputs.costToDate]).toEqual([String(2 * 39 * 400), '80']);
    expect(outputs.constantCurrency).toMatchObject({ benefitToDate: String(2 * MONTH), costToDate: '90' });
    expect(Number(outputs.constantCurrency?.npv)).toBeCloseTo((Number(outputs.npv) * 0.9) / 0.8, 5);
  });
  it('has no figure for a currency that was not budgeted, and says so', () => {
    const outputs = valued(dollars, [{ amount: '100', currency: 'GBP' }]);
    expect(outputs.costToDate).toBe('120');
    expect(outputs.constantCurrency).toEqual({ benefitToDate: String(2 * MONTH), costToDate: null, npv: null });
    expect(outputs.warnings).toContainEqual({
      code: 'value/missing-fx-rate',
      metricId: null,
      message:
        'plan business-case: it has no budget rate for a currency that counts into the cost to date; no cost in constant currency is given',
    });
  });
});
