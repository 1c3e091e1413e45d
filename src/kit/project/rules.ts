import { fxRateOn, later } from '../../domain/index.ts';
import type { LocalDate } from '../../domain/types.ts';
import { quote } from '../wording.ts';
import type { ProjectContext } from './context.ts';
import { lineId, metricStart } from './defaults.ts';
import { checkMetric } from './metric-rules.ts';
import { createCollector, type ProblemPath, type ProjectProblem } from './problem.ts';
import type { ProjectInput } from './schema.ts';

/**
 * What a schema of one value cannot see: order of dates, overlaps, currencies without a rate, names that lead nowhere,
 * metrics that cannot be monetised. All problems at once, in the order of the project's parts.
 */
export function projectProblems(_id: string, project: ProjectInput, context: ProjectContext): ProjectProblem[] {
  const collector = createCollector();
  const { currency, startsOn } = project;
  const needRate = (code: string | undefined, on: LocalDate, path: ProblemPath): void => {
    if (
      context.fxRates === null ||
      code === undefined ||
      code === currency ||
      fxRateOn(context.fxRates, code, currency, on).found
    )
      return;
    collector.add(
      path,
      'value/missing-fx-rate',
      `no exchange rate from ${code} to ${currency} on ${on}; add one under fx, it is never taken as 1`,
    );
  };
  const ids = new Map<string, number>();
  for (const [index, line] of project.costs.lines.entries()) {
    const at: ProblemPath = ['costs', 'lines', index];
    needRate(line.currency, line.date, [...at, 'currency']);
    const id = lineId(line.id, index);
    const first = ids.get(id);
    if (first !== undefined)
      collector.add([...at, 'id'], 'config/duplicate-id', `${quote(id)} names costs.lines[${first}] already`);
    ids.set(id, index);
  }
  for (const [id, metric] of Object.entries(project.metrics)) {
    const at = ['metrics', id];
    checkMetric(metric, at, startsOn, collector);
    const benefitStart = metricStart(metric, startsOn);
    for (const [index, rate] of metric.rates.entries())
      if (rate.to === undefined || rate.to > benefitStart)
        needRate(rate.currency, later(rate.from, benefitStart), [...at, 'rates', index, 'currency']);
  }
  return collector.problems;
}
