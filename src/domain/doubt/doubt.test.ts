import { describe, expect, it } from 'vitest';
import { computeRoi, Decimal, type DoubtOutput, type Project, type RoiInput } from '#domain';
import { baselineOf, costWith, daily, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import { inverseNormal, inverseTriangular, naturalLog, percentileOf } from './distributions.ts';
import { uniformsOf } from './random.ts';

const known = (n: number, sd: string) => ({ ...baselineOf('119'), n, sd }) as ReturnType<typeof baselineOf>;

/** Six months of incidents, a few a day, against a level of 119 a month. */
function inputOf(metric: Parameters<typeof metricWith>[0], project: Partial<Project> = {}): RoiInput {
  const samples = daily('2026-01-01', '2026-07-01', (date) => 3.9 - 0.3 * Number(date.slice(5, 7)));
  return inputWith(
    projectWith([metricWith(metric)], {
      manualCosts: [costWith({ amount: '20000' })],
      simulation: { seed: 7, draws: 2000 },
      ...project,
    }),
    '2026-07-01',
    samples,
  );
}
const doubtOf = (input: RoiInput): DoubtOutput => {
  const { doubt } = computeRoi(input);
  if (doubt === null) throw new Error('no doubt');
  return doubt;
};
const width = ({ npv }: DoubtOutput): number => Number(npv.p90) - Number(npv.p10);

describe('distributions', () => {
  it('invert the normal distribution to the published values', () => {
    expect(inverseNormal(0.5)).toBe(0);
    expect(inverseNormal(0.975)).toBeCloseTo(1.959963984540054, 14);
    expect(inverseNormal(0.25)).toBeCloseTo(-0.6744897501960817, 14);
    expect(inverseNormal(0.001)).toBeCloseTo(-3.090232306167813, 13);
    expect(inverseNormal(1e-10)).toBeCloseTo(-6.361340902404056, 12);
    expect(inverseNormal(1e-14)).toBeCloseTo(-7.650628092935267, 12);
    expect(Number.isFinite(inverseNormal(0))).toBe(true);
  });

  it('take the logarithm without the engine, as the engine does', () => {
    for (const x of [1e-17, 1e-5, 0.1, 0.66, 0.67, 1, 1.3, 1.4, 10, 12345.678])
      expect(Math.abs(naturalLog(x) - Math.log(x))).toBeLessThan(1e-14 * Math.max(1, Math.abs(Math.log(x))));
  });

  it('keep a triangle within its ends and symmetrical', () => {
    expect(inverseTriangular(0, 0.1)).toBeCloseTo(-0.1, 15);
    expect(inverseTriangular(0.5, 0.1)).toBe(0);
    expect(inverseTriangular(0.1, 0.2)).toBeCloseTo(-inverseTriangular(0.9, 0.2), 14);
  });

  it('take percentiles as Excel does', () => {
    expect(percentileOf([1, 2, 3, 4], 0.1)).toBeCloseTo(1.3, 14);
    expect(percentileOf([5], 0.9)).toBe(5);
  });

  it('give each driver a stream of its own that no other driver changes', () => {
    const first = uniformsOf(1, 'a/level');
    const again = uniformsOf(1, 'a/level');
    const draws = [first(), first(), first()];
    expect([again(), again(), again()]).toEqual(draws);
    expect(draws).toEqual([0.49046774282576644, 0.26136276473217157, 0.8002636946701133]);
    expect(uniformsOf(2, 'a/level')()).not.toBe(draws[0]);
    expect(uniformsOf(1, 'a/confidence')()).not.toBe(draws[0]);
  });
});

describe('doubt', () => {
  it('is not stated when nobody said how sure anything is', () => {
    expect(computeRoi(inputOf({})).doubt).toBeNull();
  });

  it('is nothing without a headline', () => {
    expect(computeRoi(inputOf({ confidence: '0.8' }, { manualCosts: [] })).doubt).toBeNull();
  });

  it('grows with the standard deviation of the baseline and shrinks with its periods', () => {
    const [narrow, wide, longer] = [known(12, '5'), known(12, '10'), known(48, '10')].map((baseline) =>
      doubtOf(inputOf({ baseline })),
    ) as [DoubtOutput, DoubtOutput, DoubtOutput];
    expect(width(wide)).toBeCloseTo(2 * width(narrow), 2);
    expect(width(longer)).toBeCloseTo(width(narrow), 2);
  });

  it('lies about the point figure', () => {
    const input = inputOf({ baseline: known(12, '5'), confidence: '0.8' }, { simulation: { seed: 3, draws: 20_000 } });
    const { npv, doubt } = computeRoi(input);
    const middle = Number(doubt?.npv.p50);
    expect(Math.abs(middle - Number(npv))).toBeLessThan(0.02 * width(doubt as DoubtOutput));
  });

  it('agrees with the normal distribution where confidence is whole: P90 − P10 is 2.563 standard errors', () => {
    const input = inputOf(
      { baseline: known(1, '4') },
      { simulation: { seed: 3, draws: 50_000 }, discount: [{ fromYear: 0, rate: '0' }] },
    );
    // Six months, 4 incidents more or less, 450 each.
    expect(width(doubtOf(input)) / (2.5631 * 4 * 6 * 450)).toBeCloseTo(1, 1);
  });

  it('is the same to the last byte for the same seed, another one for another', () => {
    const input = inputOf({ baseline: known(12, '5'), confidence: '0.7' });
    expect(JSON.stringify(doubtOf(input))).toBe(JSON.stringify(doubtOf(structuredClone(input))));
    const other = inputOf({ baseline: known(12, '5'), confidence: '0.7' }, { simulation: { seed: 8, draws: 2000 } });
    expect(doubtOf(other).npv).not.toEqual(doubtOf(input).npv);
  });

  it('gives these figures on every machine', () => {
    expect(doubtOf(inputOf({ baseline: known(12, '5'), confidence: '0.7' }))).toMatchInlineSnapshot(`
      {
        "assumptions": [
          {
            "distribution": "normal, mean 119, standard error 1.44338 (sd 5 of 12 periods / √12); one shift for all periods",
            "driver": "failures.counterfactual",
            "name": "Failed checkouts: counterfactual level",
            "varied": true,
          },
          {
            "distribution": "triangular from 0.4 to 1 about 0.7; gains only, losses count in full",
            "driver": "failures.confidence",
            "name": "Failed checkouts: confidence",
            "varied": true,
          },
          {
            "distribution": "not varied: no cost is to come",
            "driver": "cost-to-come",
            "name": "Costs not spent yet",
            "varied": false,
          },
        ],
        "atCompletion": null,
        "draws": 2000,
        "npv": {
          "p10": "26987.3529195",
          "p50": "40936.07386863",
          "p90": "55370.939617",
        },
        "probabilityNpvPositive": "1",
        "roi": {
          "p10": "1.357930211744",
          "p50": "2.059791918912",
          "p90": "2.786115110396",
        },
        "seed": 7,
      }
    `);
  });

  it('never makes a loss smaller: confidence applies to gains only', () => {
    const losing = (confidence: string) => doubtOf(inputOf({ direction: 'up', baseline: known(12, '1'), confidence }));
    expect(losing('0.5').npv).toEqual(losing('1').npv);
  });

  it('says of each driver how it was varied, or why it was not', () => {
    const { assumptions } = doubtOf(inputOf({ confidence: '0.9' }));
    expect(assumptions.map(({ driver, varied }) => [driver, varied])).toEqual([
      ['failures.counterfactual', false],
      ['failures.confidence', true],
      ['cost-to-come', false],
    ]);
    expect(assumptions[0]?.distribution).toContain('no standard deviation');
    expect(assumptions[1]?.distribution).toBe('triangular from 0.8 to 1 about 0.9; gains only, losses count in full');
  });

  it('counts how often NPV is above zero', () => {
    const even = inputOf({ baseline: known(1, '30') });
    const { npv } = computeRoi(even);
    const cost = new Decimal('20000').plus(npv as string).toFixed(2);
    const doubt = doubtOf(
      inputOf(
        { baseline: known(1, '30') },
        {
          manualCosts: [costWith({ amount: cost, postingDate: '2026-01-01' })],
          discount: [{ fromYear: 0, rate: '0' }],
        },
      ),
    );
    expect(Number(doubt.probabilityNpvPositive)).toBeGreaterThan(0.4);
    expect(Number(doubt.probabilityNpvPositive)).toBeLessThan(0.65);
  });
});

describe('what is not in doubt, and what only is at completion', () => {
  const planOf = (confidence: string): Partial<Project> => ({
    plans: [
      {
        ...{ id: 'v1', frozenOn: '2025-12-01', approvedBy: null, note: null, fxRates: [], costs: [] },
        benefits: [
          {
            metricId: 'failures',
            curve: [{ from: '2026-01-01', value: '80' }],
            interpolation: 'step',
            counterfactual: '119',
            counterfactualChange: '0',
            rate: { amount: '450', currency: 'EUR', perPeriod: null },
            ...{ exposure: null, attribution: '1', deadweight: '0', displacement: '0', confidence, dropOff: '0' },
            ...{ ramp: [], startsOn: '2026-01-01', endsOn: null },
          },
        ],
      },
    ],
  });
  const assumption = (outputs: DoubtOutput, driver: string) => outputs.assumptions.find((one) => one.driver === driver);

  it('a standard deviation of zero gives no interval: one without width would look like certainty', () => {
    expect(computeRoi(inputOf({ baseline: known(12, '0') })).doubt).toBeNull();
    const outputs = doubtOf(inputOf({ baseline: known(12, '0'), confidence: '0.8' }));
    expect(assumption(outputs, 'failures.counterfactual')).toMatchObject({
      varied: false,
      distribution: 'not varied: its standard error is 0 (sd 0 of 12 periods / √12)',
    });
  });

  it('a confidence without any gain to apply to gives no interval', () => {
    expect(computeRoi(inputOf({ confidence: '0.5', baseline: baselineOf('1') })).doubt).toBeNull();
  });

  it('a metric that has brought nothing yet is in doubt at completion by its plan’s confidence', () => {
    const outputs = doubtOf(inputOf({ startsOn: '2026-08-01', confidence: '0.5' }, planOf('0.5')));
    expect(width(outputs)).toBe(0);
    expect(
      outputs.atCompletion && Number(outputs.atCompletion.npv.p90) - Number(outputs.atCompletion.npv.p10),
    ).toBeGreaterThan(0);
    expect(assumption(outputs, 'failures.confidence-to-come')).toMatchObject({
      varied: true,
      distribution: 'triangular from 0 to 1 about 0.5; at completion only',
    });
  });

  it('a plan that trusts a metric otherwise says so, one that trusts it alike is the same driver', () => {
    expect(
      assumption(doubtOf(inputOf({ confidence: '0.9' }, planOf('0.5'))), 'failures.confidence-to-come')?.varied,
    ).toBe(true);
    expect(
      assumption(doubtOf(inputOf({ confidence: '0.9' }, planOf('0.90'))), 'failures.confidence-to-come'),
    ).toBeUndefined();
  });
});
