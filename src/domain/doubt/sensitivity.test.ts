import { describe, expect, it } from 'vitest';
import { computeRoi, type Project, type RoiInput, type SensitivityOutput, type ValueMetric } from '#domain';
import { baselineOf, costWith, daily, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';

const metric = metricWith({
  confidence: '0.8',
  attribution: '0.7',
  deadweight: '0.2',
  displacement: '0.1',
  dropOff: '0.05',
  baseline: baselineOf('119'),
});
/** Twenty months; the last ones are losses, so that confidence does not touch them. */
function inputOf(changes: Partial<ValueMetric> = {}, project: Partial<Project> = {}): RoiInput {
  const samples = daily('2026-01-01', '2027-09-01', (_, day) => 1 + day / 140);
  return inputWith(
    projectWith([{ ...metric, ...changes }], { manualCosts: [costWith({ amount: '20000' })], ...project }),
    '2027-09-01',
    samples,
  );
}
const sensitivityOf = (input: RoiInput): SensitivityOutput => {
  const { sensitivity } = computeRoi(input);
  if (sensitivity === null) throw new Error('no sensitivity');
  return sensitivity;
};
const npvOf = (input: RoiInput): number => Number(computeRoi(input).npv);
type Change = (value: string) => RoiInput;
const changeOf: Record<string, Change> = {
  'failures.attribution': (attribution) => inputOf({ attribution }),
  'failures.deadweight': (deadweight) => inputOf({ deadweight }),
  'failures.displacement': (displacement) => inputOf({ displacement }),
  'failures.confidence': (confidence) => inputOf({ confidence }),
  'failures.drop-off': (dropOff) => inputOf({ dropOff }),
  'failures.counterfactual': (value) => inputOf({ baseline: baselineOf(value) }),
  'failures.rate': (amount) =>
    inputOf({ rates: [{ from: '2026-01-01', to: null, amount, currency: 'EUR', per: 'failure', perPeriod: null }] }),
  cost: (amount) => inputOf({}, { manualCosts: [costWith({ amount })] }),
  'discount-rate': (rate) => inputOf({}, { discount: [{ fromYear: 0, rate }] }),
};

describe('the tornado', () => {
  const { tornado } = sensitivityOf(inputOf());

  it('has every driver, widest first', () => {
    expect(tornado.map(({ driver }) => driver).sort()).toEqual(Object.keys(changeOf).sort());
    const swings = tornado.map(({ swing }) => Number(swing));
    expect(swings).toEqual([...swings].sort((a, b) => b - a));
  });

  it.each(Object.keys(changeOf))(
    'gives for %s what a valuation with that value gives, to a tenth of a cent',
    (driver) => {
      const row = tornado.find((each) => each.driver === driver);
      const change = changeOf[driver] as Change;
      expect(Number(row?.npvAtLow)).toBeCloseTo(npvOf(change(row?.low as string)), 3);
      expect(Number(row?.npvAtHigh)).toBeCloseTo(npvOf(change(row?.high as string)), 3);
      expect(npvOf(change(row?.base as string))).toBeCloseTo(npvOf(inputOf()), 3);
    },
  );

  it('moves a level by its own doubt where that is known', () => {
    const row = sensitivityOf(inputOf({ baseline: { ...baselineOf('119'), n: 4, sd: '10' } as never })).tornado.find(
      ({ driver }) => driver === 'failures.counterfactual',
    );
    expect([row?.low, row?.high, row?.range]).toEqual(['112.592242', '125.407758', 'P10 and P90 of its distribution']);
  });

  it('delays all benefits where nothing else depends on when they began', () => {
    const row = sensitivityOf(inputOf({ dropOff: '0' })).tornado.find(({ driver }) => driver === 'start-delay');
    expect(Number(row?.npvAtHigh)).toBeCloseTo(npvOf(inputOf({ dropOff: '0', startsOn: '2026-04-01' })), 3);
  });

  it('leaves deadweight alone where the counterfactual holds it already', () => {
    const trend = { kind: 'trend', fit: 'given', level: '119', change: '-1' } as const;
    const drivers = sensitivityOf(inputOf({ counterfactual: trend, deadweight: '0' })).tornado.map(
      ({ driver }) => driver,
    );
    expect(drivers).not.toContain('failures.deadweight');
    expect(drivers).not.toContain('start-delay');
    expect(drivers).toContain('failures.counterfactual');
  });

  it('is not given without a headline', () => {
    expect(computeRoi(inputOf({}, { manualCosts: [] })).sensitivity).toBeNull();
  });
});

describe('switching values', () => {
  it.each(Object.keys(changeOf))('bring NPV to zero by %s alone, or say that none does', (driver) => {
    const found = sensitivityOf(inputOf()).switching.find((each) => each.driver === driver);
    if (found === undefined) throw new Error(`no ${driver}`);
    const change = changeOf[driver] as Change;
    if (found.value !== null) expect(Math.abs(npvOf(change(found.value)))).toBeLessThan(0.01);
    else {
      const [least, most] = driver === 'discount-rate' ? ['-0.5', '1'] : ['0', '1'];
      expect(Math.sign(npvOf(change(least)))).toBe(Math.sign(npvOf(change(most))));
    }
  });

  it('of costs are what the benefits are worth', () => {
    const outputs = computeRoi(inputOf());
    const cost = outputs.sensitivity?.switching.find(({ driver }) => driver === 'cost');
    const expected = (20_000 * Number(outputs.pvBenefits)) / Number(outputs.pvCosts);
    expect(Number(cost?.value)).toBeCloseTo(expected, 4);
  });

  it('of a delay are the first whole months that turn NPV', () => {
    const delayed = (months: number) =>
      inputOf(
        { dropOff: '0', startsOn: `2026-${String(months + 1).padStart(2, '0')}-01` },
        { manualCosts: [costWith({ amount: '45000' })] },
      );
    const found = sensitivityOf(delayed(0)).switching.find(({ driver }) => driver === 'start-delay')?.value;
    expect(Number(found)).toBeGreaterThan(0);
    expect(Math.sign(npvOf(delayed(Number(found))))).toBe(-Math.sign(npvOf(delayed(0))));
    expect(Math.sign(npvOf(delayed(Number(found) - 1)))).toBe(Math.sign(npvOf(delayed(0))));
  });
});
