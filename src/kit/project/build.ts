import { addYears } from '../../domain/index.ts';
import type { CostLine, Project, SeriesSource, ValueMetric } from '../../domain/types.ts';
import { lineId, metricStart } from './defaults.ts';
import type { MetricInput } from './metric-schema.ts';
import type { ProjectInput } from './schema.ts';

/** The project that an input without problems describes. `timeZone` holds where the project names none. */
export function buildProject(
  id: string,
  value: ProjectInput,
  { timeZone, managed }: { timeZone: string; managed: Project['managed'] },
): Project {
  return {
    id,
    name: value.name,
    portfolio: value.portfolio ?? null,
    sponsor: value.sponsor ?? null,
    currency: value.currency,
    timeZone: value.timeZone ?? timeZone,
    startsOn: value.startsOn,
    managed,
    horizonEndsOn: addYears(value.startsOn, value.horizonYears),
    convention: 'dated',
    discount: [{ fromYear: 0, rate: value.discountRate }],
    priceBasis: { kind: 'nominal' },
    fiscalCalendar: { kind: 'months', firstMonth: 1 },
    costRisk: '0',
    simulation: { seed: 1, draws: 1000 },
    deliverables: [],
    plans: [],
    timing: value.timing,
    metrics: Object.entries(value.metrics).map(([metricId, metric]) => buildMetric(metricId, metric, value)),
    costSources: value.costs.sources,
    manualCosts: value.costs.lines.map(
      (line, index): CostLine => ({
        sourceKey: lineId(line.id, index),
        projectRef: id,
        kind: line.kind,
        capitalisation: line.capitalisation,
        recurrence: line.recurrence,
        pool: line.pool ?? null,
        amount: line.amount,
        currency: line.currency ?? value.currency,
        postingDate: line.date,
        cashDate: line.cashDate ?? null,
        document: line.document ?? null,
        correctionOf: line.correctionOf ?? null,
        text: line.text ?? null,
      }),
    ),
  };
}

function buildMetric(id: string, metric: MetricInput, project: ProjectInput): ValueMetric {
  const { baseline, exposure } = metric;
  return {
    id,
    name: metric.name ?? id,
    owner: metric.owner ?? null,
    benefitClass: metric.benefitClass,
    kind: metric.kind,
    unit: metric.unit,
    direction: metric.direction,
    source: metric.source,
    denominator: metric.denominator ?? null,
    exposure:
      exposure === undefined
        ? null
        : typeof exposure === 'string'
          ? { kind: 'value', value: exposure }
          : { kind: 'series', source: exposure satisfies SeriesSource },
    cadence: metric.cadence,
    freshnessLimitMs: metric.freshnessLimit,
    baseline:
      baseline?.value !== undefined
        ? { kind: 'value', value: baseline.value, n: null, sd: null, approvedBy: null, frozenOn: null }
        : baseline?.from !== undefined && baseline.to !== undefined
          ? { kind: 'window', from: baseline.from, to: baseline.to, approvedBy: null, frozenOn: null }
          : null,
    counterfactual: { kind: 'constant' },
    stockValuation: metric.kind === 'stock' ? 'holding' : null,
    dropOff: '0',
    ramp: [],
    startRule: null,
    hasStarted: true,
    claimKey: null,
    target: metric.target ?? null,
    rates: metric.rates.map((rate) => ({
      from: rate.from,
      to: rate.to ?? null,
      amount: rate.amount,
      currency: rate.currency ?? project.currency,
      per: rate.per ?? metric.unit,
      perPeriod: metric.kind === 'stock' ? 'year' : null,
    })),
    attribution: metric.attribution,
    deadweight: metric.deadweight,
    displacement: metric.displacement,
    confidence: metric.confidence,
    startsOn: metricStart(metric, project.startsOn),
    endsOn: metric.endsOn ?? null,
  };
}
