import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { outturn } from '../harness/cli.ts';

describe('bad input in projects is told all at once', () => {
  const folder = path.resolve('test/fixtures/bad-projects');
  /** Line and place of each problem in the file. */
  const expected = `
17 portfolio
18 currency
20 horizonEndsOn
22 discount
22 discount[0].fromYear
22 discount[1].fromYear
23 priceBasis.real.inflation[0].fromYear
24 simulation.draws
31 fiscalCalendar.years[0].periods[1].from
33 deliverables.new-checkout.metrics[0]
38 metrics.no-baseline
50 metrics.both.counterfactual.trend
51 metrics.both.deadweight
54 metrics.both.rates[1].from
54 metrics.both.rates[1].currency
57 metrics.both.dropOff
58 metrics.both.ramp[1].afterMonths
58 metrics.both.ramp[1].share
59 metrics.both.startsOn
59 metrics.both.startsOn
60 metrics.both.endsOn
61 metrics.both.target.by
64 metrics.latency.unit
67 metrics.latency.denominator
68 metrics.latency.exposure
71 metrics.latency.start.deliverable
72 metrics.p99.exposure
78 metrics.p99.rates[0].perPeriod
79 metrics.p99.stockValuation
85 metrics.controlled.baseline.sd
86 metrics.controlled.counterfactual.control
86 metrics.controlled.counterfactual.control
95 plans.v1.benefits.both.curve[1].from
96 plans.v1.benefits.nothing
97 plans.v2.frozenOn`
    .trim()
    .split('\n')
    .map((line) => line.replace(' ', ' projects.checkout.'))
    .concat('103 projects.green.discountRate', '104 projects.bare.discountRate', '105 projects.remote.name');

  it('with line and place, in one run; a value that is wrong in itself hides nothing else', async () => {
    const result = await outturn(['validate', '--config', folder, '--json']);
    const { problems } = result.json<{ problems: { line: number; path: string; severity: string }[] }>();
    const errors = problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ line, path: where }) => `${line} ${where}`)).toEqual(expected);
    expect(result.status).toBe(1);
  });

  it('as lines that name the other place too, and say how to mend it', async () => {
    const { stdout } = await outturn(['validate', '--config', folder]);
    for (const [what, line] of [
      ['baseline missing', /:38:7 error .*has rates but no baseline: write baseline .*; see line 43/],
      [
        'counterfactual and deadweight',
        /:51:21 error .*: a counterfactual trend says already .*: write one of the two; see line 50/,
      ],
      [
        'overlapping rates',
        /:54:21 error .*overlaps rates\[0\], which holds from 2026-01-01 until 2027-01-01; see line 53/,
      ],
      ['unknown currency', /:54:54 error .*found "USDD" \(did you mean "USD"\?\)/],
      ['negative exposure', /:68:19 error .*expected a number of units above 0.*found -5/],
      ['unit mismatch', /:64:15 error .*the unit here is "ms", but the stream "latency" stores "s"/],
      ['dates out of order', /:60:17 error .*ends on 2026-04-01, which is not after its start on 2026-05-01/],
      [
        'horizon before start',
        /:20:20 error .*ends on 2026-05-01, which is not after the start of the project on 2026-06-01; see line 19/,
      ],
    ] as const)
      expect(stdout, what).toMatch(line);
    expect(stdout).toMatch(/\n\d+ errors/);
  });
});
