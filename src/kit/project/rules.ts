import { Decimal, fxRateOn, later } from '../../domain/index.ts';
import type { LocalDate } from '../../domain/types.ts';
import { quote } from '../wording.ts';
import type { ProjectContext } from './context.ts';
import { benefitStart, horizonPaths, lineId, properHorizonEnd } from './defaults.ts';
import { checkFinance } from './finance-rules.ts';
import { checkMetric } from './metric-rules.ts';
import type { MetricInput } from './metric-schema.ts';
import { checkPlans } from './plan-rules.ts';
import { createCollector, type ProblemCollector, type ProblemPath, type ProjectProblem } from './problem.ts';
import type { ProjectInput } from './schema.ts';
import { checkSources } from './source-rules.ts';

/**
 * What a schema of one value cannot see: order of dates, overlaps, currencies without a rate, names that lead nowhere,
 * values that exclude each other. All problems at once.
 */
export function projectProblems(_id: string, project: ProjectInput, context: ProjectContext): ProjectProblem[] {
  const collector = createCollector();
  checkFinance(project, collector);
  checkPortfolio(project, context, collector);
  checkDeliverables(project, collector);
  for (const [id, metric] of Object.entries(project.metrics))
    checkMetric({ project, metric, at: ['metrics', id], collector });
  checkClaims(project, collector);
  checkCosts(project, collector);
  checkCurrencies(project, context, collector);
  checkPlans(project, collector);
  if (context.sources !== null) checkSources(project, context.sources, collector);
  return collector.problems;
}

function checkPortfolio(
  { portfolio }: ProjectInput,
  { portfolios }: ProjectContext,
  collector: ProblemCollector,
): void {
  if (portfolio === undefined || portfolios === null || portfolios.length === 0) return;
  if (!portfolios.includes(portfolio)) collector.unknown(['portfolio'], 'there is no portfolio', portfolio, portfolios);
}

/** Names between deliverables and metrics, both ways. */
function checkDeliverables(project: ProjectInput, { unknown, invalid }: ProblemCollector): void {
  const metrics = Object.keys(project.metrics);
  const deliverables = Object.keys(project.deliverables);
  for (const [id, deliverable] of Object.entries(project.deliverables)) {
    const path = ['deliverables', id, 'metrics'];
    for (const [index, metric] of deliverable.metrics.entries())
      if (!metrics.includes(metric)) unknown([...path, index], 'there is no metric', metric, metrics);
      else if (deliverable.metrics.indexOf(metric) < index)
        invalid([...path, index], `names ${quote(metric)} a second time`);
  }
  for (const [id, { start }] of Object.entries(project.metrics))
    if (start !== undefined && !deliverables.includes(start.deliverable))
      unknown(
        ['metrics', id, 'start', 'deliverable'],
        'the project has no deliverable',
        start.deliverable,
        deliverables,
      );
}

/** Attributions to one key come to at most the whole at any time. */
function checkClaims(project: ProjectInput, { invalid }: ProblemCollector): void {
  const claims = new Map<string, { id: string; metric: MetricInput; from: LocalDate }[]>();
  for (const [id, metric] of Object.entries(project.metrics)) {
    const from = benefitStart(metric, project)?.startsOn;
    if (metric.claimKey === undefined || from === undefined) continue;
    claims.set(metric.claimKey, [...(claims.get(metric.claimKey) ?? []), { id, metric, from }]);
  }
  for (const [key, claimants] of claims) {
    // The sum can only exceed where another one begins.
    const over = claimants
      .map(({ from }) => claimants.filter((one) => one.from <= from && (one.metric.endsOn ?? '9999-12-31') > from))
      .find((active) => total(active).gt(1));
    const [first, last] = [over?.[0], over?.at(-1)];
    if (over === undefined || first === undefined || last === undefined) continue;
    const shares = over.map(({ id, metric }) => `${id} ${percent(new Decimal(metric.attribution))}`).join(' + ');
    invalid(
      ['metrics', last.id, 'attribution'],
      `attributions to the claim ${quote(key)} come to ${percent(total(over))} (${shares}), more than the whole`,
      {
        seeAlso: ['metrics', first.id, 'claimKey'],
        restsOn: over.flatMap(({ id }) =>
          ['claimKey', 'attribution', 'startsOn', 'endsOn'].map((part) => ['metrics', id, part]),
        ),
      },
    );
  }
}

const total = (claimants: readonly { metric: MetricInput }[]): Decimal =>
  claimants.reduce((sum, { metric }) => sum.plus(metric.attribution), new Decimal(0));
const percent = (share: Decimal): string => `${share.times(100).toFixed()} %`;

function checkCosts(project: ProjectInput, { add, invalid }: ProblemCollector): void {
  const ids = new Map<string, number>();
  const end = properHorizonEnd(project);
  for (const [index, line] of project.costs.lines.entries()) {
    const at = ['costs', 'lines', index];
    const id = lineId(line.id, index);
    const first = ids.get(id);
    if (first !== undefined)
      add([...at, 'id'], 'config/duplicate-id', `${quote(id)} names costs.lines[${first}] already`, {
        seeAlso: ['costs', 'lines', first],
      });
    ids.set(id, index);
    if (end !== null && line.date >= end)
      invalid([...at, 'date'], `lies past the end of the horizon on ${end}: it does not count`, {
        severity: 'warning',
        restsOn: horizonPaths,
      });
  }
}

/** Amounts in another currency need an exchange rate for the first day on which they count. */
function checkCurrencies(project: ProjectInput, { fxRates }: ProjectContext, { add }: ProblemCollector): void {
  if (fxRates === null) return;
  const { currency } = project;
  const needRate = (
    code: string | undefined,
    on: LocalDate,
    path: ProblemPath,
    restsOn: readonly ProblemPath[],
  ): void => {
    if (code === undefined || code === currency || fxRateOn(fxRates, code, currency, on).found) return;
    add(
      path,
      'value/missing-fx-rate',
      `no exchange rate from ${code} to ${currency} on ${on}; add one under fx, it is never taken as 1`,
      { restsOn: [['currency'], ...restsOn] },
    );
  };
  for (const [index, line] of project.costs.lines.entries()) {
    const at = ['costs', 'lines', index];
    needRate(line.currency, line.date, [...at, 'currency'], [[...at, 'date']]);
  }
  for (const [id, metric] of Object.entries(project.metrics)) {
    const start = benefitStart(metric, project)?.startsOn;
    if (start === undefined) continue;
    const at = ['metrics', id];
    const restsOn = [['startsOn'], [...at, 'startsOn'], [...at, 'start'], [...at, 'baseline', 'to']];
    for (const [index, { from, to, currency: code }] of metric.rates.entries())
      if (to === undefined || to > start)
        needRate(code, later(from, start), [...at, 'rates', index, 'currency'], [...restsOn, [...at, 'rates', index]]);
  }
}
