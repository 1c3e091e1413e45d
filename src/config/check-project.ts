import {
  checkStretches,
  type FxRateInput,
  type PortfolioInput,
  type ProjectContext,
  type ProjectProblem,
  portfolioProblems,
  projectProblems,
  stillHolds,
} from '#kit';
import { nodeAt, placeAt } from './located.ts';
import { type ProblemList, quote } from './problems.ts';
import type { Checked, ProjectDraft } from './sections.ts';

/** The rules of projects, each problem at its place. */
export function checkProject(draft: ProjectDraft, context: ProjectContext, problems: ProblemList): void {
  for (const problem of projectProblems(draft.id, draft.value, context))
    if (stillHolds(problem, draft.spoilt)) report(draft, problem, problems);
}

export function checkPortfolio(portfolio: Checked<PortfolioInput>, problems: ProblemList): void {
  for (const problem of portfolioProblems(portfolio.value)) report(portfolio, problem, problems);
}

function report({ node, path: top }: Checked<unknown>, problem: ProjectProblem, problems: ProblemList): void {
  const { path, code, severity, seeAlso } = problem;
  const place = placeAt(node, path);
  const other = seeAlso === null ? null : placeAt(node, seeAlso);
  const see = other === null || other.line === place.line ? '' : `; see line ${other.line}`;
  const written = nodeAt(node, path);
  // What came from outside is named by its place alone.
  const hidden = written?.type === 'scalar' && written.interpolated ? ` ${quote(String(written.value))}` : null;
  const message = hidden === null ? problem.message : problem.message.replace(hidden, '');
  const suggestion = hidden === null ? problem.suggestion : null;
  problems.add(place, [...top, ...path], code, `${message}${see}`, { severity, suggestion });
}

/** Exchange rates of one pair must not overlap, and a currency needs none to itself. */
export function checkFxRates(rates: readonly Checked<FxRateInput>[], problems: ProblemList): void {
  const pairs = new Map<string, number[]>();
  for (const [position, { value }] of rates.entries()) {
    const pair = `${value.from}>${value.to}`;
    pairs.set(pair, [...(pairs.get(pair) ?? []), position]);
  }
  const add = (position: number, key: string, message: string): void => {
    const rate = rates[position];
    if (rate !== undefined)
      problems.add(placeAt(rate.node, [key]), [...rate.path, key], 'config/invalid-value', message);
  };
  for (const [position, { value }] of rates.entries())
    if (value.from === value.to) add(position, 'to', 'is the same currency as from');
  const name = (position: number): string => {
    const rate = rates[position];
    if (rate === undefined) return 'another rate';
    const { file, line } = rate.node.place;
    return `the rate at ${file}:${line}`;
  };
  for (const positions of pairs.values())
    checkStretches(
      positions.flatMap((index) => {
        const value = rates[index]?.value;
        return value === undefined ? [] : [{ from: value.validFrom, to: value.validTo, index }];
      }),
      (index, end, message) => add(index, end === 'from' ? 'validFrom' : 'validTo', message),
      name,
    );
}
