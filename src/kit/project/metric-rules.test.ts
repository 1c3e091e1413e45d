import { describe, expect, it } from 'vitest';
import {
  type BrokenRule,
  errorAt,
  flow,
  problemsOf,
  type Raw,
  withMetric,
} from '../../../test/factories/project-input.ts';

describe('values of a metric that do not go together are errors with their places', () => {
  it.each<BrokenRule>([
    ['an unknown portfolio', { portfolio: 'shap' }, 'portfolio', /there is no portfolio "shap"; known: shop/],
    [
      'a deliverable for an unknown metric',
      { deliverables: { checkout: { planned: '2026-10-01', metrics: ['failurs'] } } },
      'deliverables.checkout.metrics.0',
      /there is no metric "failurs"/,
    ],
    [
      'a start after an unknown deliverable',
      withMetric({ start: { deliverable: 'chekout' } }),
      'metrics.failures.start.deliverable',
      /has no deliverable "chekout"; known: checkout/,
    ],
    [
      'two starts',
      withMetric({ start: { deliverable: 'checkout' }, startsOn: '2026-10-01' }),
      'metrics.failures.startsOn',
      /write one of the two/,
    ],
    [
      'a deliverable before the baseline is over',
      { deliverables: { checkout: { planned: '2026-09-01' } }, ...withMetric({ start: { deliverable: 'checkout' } }) },
      'metrics.failures.start',
      /the benefit starts on 2026-09-01, before the baseline ends on 2026-10-01/,
    ],
    [
      'rates without a baseline',
      withMetric({ baseline: undefined }),
      'metrics.failures',
      /has rates but no baseline/,
      'metrics.failures.rates',
    ],
    [
      'a window without a whole period',
      withMetric({ cadence: 'year' }),
      'metrics.failures.baseline',
      /holds no whole year/,
    ],
    [
      'a baseline frozen before it is over',
      withMetric({ baseline: { from: '2026-06-01', to: '2026-10-01', frozenOn: '2026-09-01' } }),
      'metrics.failures.baseline.frozenOn',
      /before its window is over on 2026-10-01/,
    ],
    [
      'a deviation of a window',
      withMetric({ baseline: { from: '2026-06-01', to: '2026-10-01', sd: 3 } }),
      'metrics.failures.baseline.sd',
      /belongs to a value/,
    ],
    [
      'a trend and a deadweight',
      withMetric({ counterfactual: { trend: 'window' }, deadweight: '10 %' }),
      'metrics.failures.deadweight',
      /a counterfactual trend says already/,
      'metrics.failures.counterfactual',
    ],
    [
      'a control and a deadweight',
      withMetric({
        counterfactual: { control: { connector: 'shop', stream: 'failures', labels: { shop: 'b' } } },
        source: { connector: 'shop', stream: 'failures', labels: { shop: 'a' } },
        deadweight: '10 %',
      }),
      'metrics.failures.deadweight',
      /a counterfactual control says already/,
    ],
    [
      'a trend without a window',
      withMetric({ baseline: { value: 100 }, counterfactual: { trend: 'window' } }),
      'metrics.failures.counterfactual.trend',
      /needs a baseline with from and to/,
    ],
    [
      'a trend through two months',
      withMetric({ baseline: { from: '2026-06-01', to: '2026-08-01' }, counterfactual: { trend: 'window' } }),
      'metrics.failures.counterfactual.trend',
      /at least 3 whole months in the baseline window, which holds 2/,
    ],
    [
      'a control without a window',
      withMetric({
        baseline: { value: 1 },
        source: { connector: 'shop', stream: 'failures', labels: { shop: 'a' } },
        counterfactual: { control: { connector: 'shop', stream: 'failures', labels: { shop: 'b' } } },
      }),
      'metrics.failures.counterfactual.control',
      /needs a baseline with from and to/,
    ],
    [
      'a control that contains the source',
      withMetric({
        source: { connector: 'shop', stream: 'failures', labels: { shop: 'a' } },
        counterfactual: { control: { connector: 'shop', stream: 'failures' } },
      }),
      'metrics.failures.counterfactual.control',
      /the metric's own source/,
      'metrics.failures.source',
    ],
    [
      'a valuation of stocks at a flow',
      withMetric({ stockValuation: 'release' }),
      'metrics.failures.stockValuation',
      /belongs to stock metrics only; this one is a flow/,
    ],
    [
      'a rate by the year at a flow',
      withMetric({ rates: [{ from: '2026-01-01', amount: 1, perPeriod: 'year' }] }),
      'metrics.failures.rates.0.perPeriod',
      /belongs to stock metrics only/,
    ],
    [
      'a rate by the year of what is released once',
      withMetric({
        kind: 'stock',
        stockValuation: 'release',
        rates: [{ from: '2026-01-01', amount: 1, perPeriod: 'year' }],
      }),
      'metrics.failures.rates.0.perPeriod',
      /each release counts once/,
    ],
    [
      'a trend of what is released once',
      withMetric({ kind: 'stock', stockValuation: 'release', counterfactual: { trend: { level: 1, change: 0 } } }),
      'metrics.failures.counterfactual',
      /has no place in it/,
    ],
    [
      'a percentile without an exposure',
      withMetric({ kind: 'percentile' }),
      'metrics.failures.exposure',
      /is required/,
    ],
    [
      'a line through percentiles',
      withMetric({ kind: 'percentile', exposure: 10, counterfactual: { trend: 'window' } }),
      'metrics.failures.counterfactual.trend',
      /averages them/,
    ],
    [
      'a denominator of a percentile',
      withMetric({ kind: 'percentile', exposure: 10, denominator: { connector: 'shop', stream: 'failures' } }),
      'metrics.failures.denominator',
      /belongs to ratio metrics only/,
    ],
    [
      'rates that overlap',
      withMetric({
        rates: [
          { from: '2026-01-01', amount: 1 },
          { from: '2026-12-31', amount: 2 },
        ],
      }),
      'metrics.failures.rates.1.from',
      /overlaps rates\[0\], which holds from 2026-01-01 without an end/,
      'metrics.failures.rates.0.from',
    ],
    ['a drop-off of everything', withMetric({ dropOff: '100 %' }), 'metrics.failures.dropOff', /must be below 100 %/],
    [
      'a ramp out of order',
      withMetric({
        ramp: [
          { afterMonths: 3, share: '50 %' },
          { afterMonths: 3, share: '60 %' },
        ],
      }),
      'metrics.failures.ramp.1.afterMonths',
      /month 3 follows month 3/,
    ],
    [
      'a ramp that falls',
      withMetric({
        ramp: [
          { afterMonths: 3, share: '50 %' },
          { afterMonths: 6, share: '40 %' },
        ],
      }),
      'metrics.failures.ramp.1.share',
      /falls below/,
    ],
    [
      'a target before the start',
      withMetric({ target: { value: 60, by: '2026-09-30' } }),
      'metrics.failures.target.by',
      /before the benefit starts on 2026-10-01/,
    ],
    [
      'a rate in a currency without an exchange rate',
      withMetric({ rates: [{ from: '2026-01-01', amount: 1, currency: 'USD' }] }),
      'metrics.failures.rates.0.currency',
      /no exchange rate from USD to EUR on 2026-10-01/,
    ],
    [
      'another unit than the stream stores',
      withMetric({ unit: 'orders' }),
      'metrics.failures.unit',
      /the unit here is "orders", but the stream "failures" stores "failures"/,
    ],
    [
      'a stream of costs as a source',
      withMetric({ source: { connector: 'shop', stream: 'invoices' } }),
      'metrics.failures.source.stream',
      /gives costs, but measurements are needed/,
    ],
    [
      'a control stream that is not there',
      withMetric({ counterfactual: { control: { connector: 'shop', stream: 'failurs' } } }),
      'metrics.failures.counterfactual.control.stream',
      /has no stream "failurs"; known: failures or invoices/,
    ],
  ])('%s', (_what, changes, path, message, seeAlso) => {
    const found = errorAt(changes, path, message);
    if (seeAlso !== undefined) expect(found.seeAlso?.join('.')).toBe(seeAlso);
  });

  it('claims of more than the whole, at the time at which they meet', () => {
    const claim = (changes: Raw): Raw => ({ ...flow, claimKey: 'shop', ...changes });
    const claims = (a: Raw, b: Raw) =>
      problemsOf({ metrics: { failures: claim(a), other: claim(b) } }).map(({ path, message }) => [
        path.join('.'),
        message,
      ]);
    expect(claims({ attribution: '70 %' }, { attribution: '30 %' })).toEqual([]);
    expect(
      claims({ attribution: '70 %', endsOn: '2027-01-01' }, { attribution: '50 %', startsOn: '2027-01-01' }),
    ).toEqual([]);
    expect(claims({ attribution: '70 %' }, { attribution: '30.5 %', startsOn: '2027-01-01' })).toEqual([
      [
        'metrics.other.attribution',
        'attributions to the claim "shop" come to 100.5 % (failures 70 % + other 30.5 %), more than the whole',
      ],
    ]);
  });

  it('near misses are suggested', () => {
    expect(problemsOf(withMetric({ start: { deliverable: 'chekout' } }))).toMatchObject([{ suggestion: 'checkout' }]);
  });
});
