import { checkStretches, type FxRateInput, type ProjectContext, type ProjectInput, projectProblems } from '#kit';
import { placeAt } from './located.ts';
import type { ProblemList } from './problems.ts';
import type { Checked } from './sections.ts';

/** The rules of projects, each problem at its place. */
export function checkProject(project: Checked<ProjectInput>, context: ProjectContext, problems: ProblemList): void {
  for (const { path, code, message, severity, suggestion } of projectProblems(project.id, project.value, context))
    problems.add(placeAt(project.node, path), [...project.path, ...path], code, message, { severity, suggestion });
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
      'validTo',
      add,
      name,
    );
}
