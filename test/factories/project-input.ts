import { type ProjectProblem, projectProblems, projectSchema } from '#kit';

export type Raw = Record<string, unknown>;
/** A metric as it is written. */
export const flow: Raw = {
  kind: 'flow',
  unit: 'failures',
  direction: 'down',
  source: { connector: 'shop', stream: 'failures' },
  baseline: { from: '2026-06-01', to: '2026-10-01' },
  rates: [{ from: '2026-01-01', amount: '4.50' }],
};
/** A project that is right, as it is written; tests spoil one thing of it. */
export const goodProject: Raw = {
  name: 'Checkout',
  currency: 'EUR',
  startsOn: '2026-06-01',
  discountRate: '8 %',
  deliverables: { checkout: { planned: '2026-10-01', metrics: ['failures'] } },
  metrics: { failures: flow },
  plans: {
    v1: {
      frozenOn: '2026-05-20',
      benefits: { failures: { counterfactual: 118, curve: [{ from: '2026-10-01', value: 60 }] } },
    },
  },
};
export const projectContext = {
  fxRates: [],
  portfolios: ['shop'],
  sources: new Map([
    [
      'shop',
      {
        streams: new Map([
          ['failures', { measurements: true, costs: false, unit: 'failures' }],
          ['invoices', { measurements: false, costs: true, unit: null }],
        ]),
      },
    ],
  ]),
};

export const withMetric = (changes: Raw): Raw => ({ metrics: { failures: { ...flow, ...changes } } });
export const withPlan = (changes: Raw): Raw => ({ plans: { v1: { frozenOn: '2026-05-20', ...changes } } });
export const promised = (changes: Raw): Raw =>
  withPlan({ benefits: { failures: { counterfactual: 118, curve: [{ from: '2026-10-01', value: 60 }], ...changes } } });

export const problemsOf = (changes: Raw): ProjectProblem[] =>
  projectProblems('checkout', projectSchema.parse({ ...goodProject, ...changes }), projectContext);

export type BrokenRule = [what: string, changes: Raw, path: string, message: RegExp, seeAlso?: string];
/** The error at a path; throws with all problems where there is none. */
export function errorAt(changes: Raw, path: string, message: RegExp): ProjectProblem {
  const problems = problemsOf(changes);
  const found = problems.find((problem) => problem.path.join('.') === path && message.test(problem.message));
  if (found?.severity !== 'error') throw new Error(`no such error among ${JSON.stringify(problems, null, 1)}`);
  return found;
}
