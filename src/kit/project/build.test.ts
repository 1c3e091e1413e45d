import { describe, expect, it } from 'vitest';
import { flow, goodProject, type Raw } from '../../../test/factories/project-input.ts';
import { buildProject } from './build.ts';
import { projectSchema } from './schema.ts';

const build = (changes: Raw, id = 'checkout') =>
  buildProject(id, projectSchema.parse({ ...goodProject, ...changes }), { timeZone: 'Europe/Berlin', managed: 'api' });
const metricOf = (changes: Raw, project: Raw = {}) =>
  build({ plans: {}, ...project, metrics: { failures: { ...flow, ...changes } } }).metrics[0];
const benefitOf = (metric: Raw, plan: Raw, project: Raw = {}) =>
  build({
    ...project,
    metrics: { failures: { ...flow, ...metric } },
    plans: { v1: { frozenOn: '2026-05-20', ...plan } },
  }).plans[0]?.benefits[0];

describe('what is not written has a default', () => {
  it('of a project', () => {
    expect(build({ metrics: {}, plans: {}, deliverables: {} })).toEqual({
      id: 'checkout',
      managed: 'api',
      name: 'Checkout',
      portfolio: null,
      sponsor: null,
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      startsOn: '2026-06-01',
      horizonEndsOn: '2029-06-01',
      convention: 'dated',
      discount: [{ fromYear: 0, rate: '0.08' }],
      timing: 'end',
      priceBasis: { kind: 'nominal' },
      fiscalCalendar: { kind: 'months', firstMonth: 1, namedAfter: 'end' },
      costRisk: '0',
      simulation: { seed: expect.any(Number), draws: 1000 },
      deliverables: [],
      metrics: [],
      plans: [],
      costSources: [],
      manualCosts: [],
    });
  });

  it('the seed is the same for an id wherever it is computed, and another for another id', () => {
    expect(build({}).simulation.seed).toBe(build({ name: 'Other' }).simulation.seed);
    expect(build({}).simulation.seed).not.toBe(build({}, 'checkout-2').simulation.seed);
    expect(build({}, 'a').simulation.seed).toBe(0xe40c292c);
    expect(build({ simulation: { seed: 7, draws: 200 } }).simulation).toEqual({ seed: 7, draws: 200 });
  });

  it('of a stock its valuation and the time that a rate is for', () => {
    expect(metricOf({ kind: 'stock' })).toMatchObject({ stockValuation: 'holding', rates: [{ perPeriod: 'year' }] });
    expect(metricOf({ kind: 'stock', stockValuation: 'release' })).toMatchObject({ rates: [{ perPeriod: null }] });
    expect(metricOf({})).toMatchObject({ stockValuation: null, rates: [{ perPeriod: null, per: 'failures' }] });
  });

  it('the green book brings its own rates; one inflation holds from the first year that needs it', () => {
    expect(build({ convention: 'green-book', discountRate: undefined }).discount).toEqual([]);
    expect(build({ priceBasis: { real: { baseYear: 2025, inflation: '2 %' } } }).priceBasis).toEqual({
      kind: 'real',
      baseYear: 2025,
      inflation: [{ fromYear: 2025, rate: '0.02' }],
    });
  });
});

describe('a benefit that waits for a deliverable', () => {
  const start = { start: { deliverable: 'go-live', lag: '1mo2w' } };
  const starts = (dates: Raw) => {
    const metric = metricOf(start, { deliverables: { 'go-live': dates } });
    return [metric?.startsOn, metric?.hasStarted];
  };
  it('begins a lag after the day on which it came, else on which it is expected, else was planned', () => {
    expect(starts({ planned: '2026-10-31' })).toEqual(['2026-12-14', false]);
    expect(starts({ planned: '2026-10-31', forecast: '2026-11-30' })).toEqual(['2027-01-13', false]);
    expect(starts({ planned: '2026-10-31', forecast: '2026-11-30', actual: '2026-11-01' })).toEqual([
      '2026-12-15',
      true,
    ]);
  });
  it('while the plan keeps the planned day', () => {
    const dates = { planned: '2026-10-31', actual: '2027-03-01' };
    const benefits = { failures: { counterfactual: 118, curve: [{ from: '2026-10-01', value: 60 }] } };
    expect(benefitOf(start, { benefits }, { deliverables: { 'go-live': dates } })).toMatchObject({
      startsOn: '2026-12-14',
    });
  });
});

describe('what a plan does not say is taken from the metric', () => {
  const target = { value: 60, by: '2026-12-31' };
  const baseline = { value: 118 };
  it('every metric with rates and a target is promised, in a straight line to the target', () => {
    expect(
      benefitOf({ baseline, target, startsOn: '2026-07-01', attribution: '80 %', confidence: '90 %' }, {}),
    ).toEqual({
      metricId: 'failures',
      curve: [
        { from: '2026-07-01', value: '118' },
        { from: '2026-12-31', value: '60' },
      ],
      interpolation: 'linear',
      counterfactual: '118',
      counterfactualChange: '0',
      rate: { amount: '4.5', currency: 'EUR', perPeriod: null },
      exposure: null,
      attribution: '0.8',
      deadweight: '0',
      displacement: '0',
      confidence: '0.9',
      dropOff: '0',
      ramp: [],
      startsOn: '2026-07-01',
      endsOn: null,
    });
    expect(benefitOf({ baseline, target, rates: [] }, {})).toBeUndefined();
  });
  it('with a ramp the target is the full effect, to which the ramp leads', () => {
    const ramp = [{ afterMonths: 5, share: '100 %' }];
    expect(benefitOf({ baseline, target, ramp }, {})).toMatchObject({
      curve: [{ from: '2026-06-01', value: '60' }],
      interpolation: 'step',
      ramp: [{ afterMonths: 5, share: '1' }],
    });
  });
  it('the rate that was in force when it was frozen, else the first one of the benefit', () => {
    const rates = [
      { from: '2026-01-01', to: '2026-06-01', amount: 4 },
      { from: '2026-06-01', amount: 5 },
    ];
    expect(benefitOf({ baseline, target, rates }, {})?.rate.amount).toBe('4');
    expect(benefitOf({ baseline, target, rates }, { frozenOn: '2025-12-01' })?.rate.amount).toBe('5');
    const benefits = { failures: { rate: { amount: 6, currency: 'USD' } } };
    expect(benefitOf({ baseline, target, rates }, { benefits })?.rate).toMatchObject({ amount: '6', currency: 'USD' });
  });
  it('a trend that is given', () => {
    const counterfactual = { trend: { level: 119, change: -1 } };
    expect(benefitOf({ baseline: undefined, target, counterfactual }, {})).toMatchObject({
      counterfactual: '119',
      counterfactualChange: '-1',
    });
  });
  it('and the versions stand by the day of freezing', () => {
    const costs = [{ date: '2026-06-01', amount: 1 }];
    const plans = { b: { frozenOn: '2026-05-01', costs }, a: { frozenOn: '2026-06-01', costs } };
    expect(build({ plans }).plans.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(
      build({ plans: { v: { frozenOn: '2026-05-01', fx: [{ from: 'USD', to: 'EUR', rate: 0.9 }] } } }).plans[0]
        ?.fxRates,
    ).toEqual([{ from: 'USD', to: 'EUR', rate: '0.9', validFrom: '0001-01-01', validTo: null, source: 'plan v' }]);
  });
});
