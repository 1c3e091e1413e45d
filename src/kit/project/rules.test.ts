import { describe, expect, it } from 'vitest';
import {
  goodProject,
  problemsOf,
  projectContext,
  promised,
  type Raw,
  withMetric,
  withPlan,
} from '../../../test/factories/project-input.ts';
import { projectProblems } from './rules.ts';
import { projectSchema } from './schema.ts';

it('a project that is right has no problems', () => {
  expect(problemsOf({})).toEqual([]);
});

describe('what is only doubtful is a warning', () => {
  it.each<[what: string, changes: Raw, path: string]>([
    [
      'a class of money with neither baseline nor rates',
      withMetric({ baseline: undefined, rates: [] }),
      'metrics.failures',
    ],
    [
      'a base year outside the horizon',
      { priceBasis: { real: { baseYear: 2020, inflation: '2 %' } } },
      'priceBasis.real.baseYear',
    ],
    [
      'a fiscal calendar that ends before the horizon',
      {
        fiscalCalendar: {
          kind: 'table',
          years: [{ name: 'A', periods: [{ name: '1', from: '2026-01-01', to: '2027-01-01' }] }],
        },
      },
      'fiscalCalendar.years',
    ],
    ['a benefit that begins after the horizon', withMetric({ startsOn: '2029-06-01' }), 'metrics.failures.startsOn'],
    [
      'a target on the wrong side',
      withMetric({ baseline: { value: 10 }, target: { value: 60, by: '2026-12-31' } }),
      'metrics.failures.target.value',
    ],
    ['a cost past the horizon', { costs: { lines: [{ date: '2029-06-01', amount: 1 }] } }, 'costs.lines.0.date'],
    ['a plan whose list of metrics is empty', withPlan({ benefits: {} }), 'plans.v1.benefits'],
    ['a plan that promises nothing', withPlan({}), 'plans.v1'],
    [
      'a curve that begins after the benefit',
      promised({ curve: [{ from: '2026-11-01', value: 60 }] }),
      'plans.v1.benefits.failures.curve.0.from',
    ],
  ])('%s', (_what, changes, path) => {
    const { plans: _plans, ...rest } = goodProject;
    const { plans = {} } = changes;
    const problems = projectProblems('checkout', projectSchema.parse({ ...rest, ...changes, plans }), projectContext);
    expect(problems.map((problem) => [problem.severity, problem.path.join('.')])).toEqual([['warning', path]]);
  });

  it('and nothing is said about classes that are never money, a trend that is given, or what cannot be told', () => {
    const { plans: _plans, ...rest } = goodProject;
    for (const changes of [
      { benefitClass: 'quantitative', baseline: undefined, rates: [] },
      { baseline: undefined, counterfactual: { trend: { level: 119, change: -1 } } },
    ])
      expect(projectProblems('x', projectSchema.parse({ ...rest, ...withMetric(changes) }), projectContext)).toEqual(
        [],
      );
    const unknown = { fxRates: null, sources: null, portfolios: null };
    const abroad = withMetric({ unit: 'x', rates: [{ from: '2026-01-01', amount: 1, currency: 'USD' }] });
    expect(projectProblems('x', projectSchema.parse({ ...rest, ...abroad, portfolio: 'y' }), unknown)).toEqual([]);
  });
});
