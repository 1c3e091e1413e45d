import type { Baseline, Counterfactual, ValueMetric } from '../../domain/types.ts';
import { benefitStart, defaultStart } from './defaults.ts';
import type { MetricInput } from './metric-schema.ts';
import { perPeriodOf } from './planned-benefit.ts';
import type { ProjectInput } from './schema.ts';

export function buildMetric(id: string, metric: MetricInput, project: ProjectInput): ValueMetric {
  const { exposure } = metric;
  const start = benefitStart(metric, project);
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
          : { kind: 'series', source: exposure },
    cadence: metric.cadence,
    freshnessLimitMs: metric.freshnessLimit ?? null,
    baseline: baselineOf(metric.baseline),
    counterfactual: counterfactualOf(metric.counterfactual),
    target: metric.target ?? null,
    rates: metric.rates.map((rate) => ({
      from: rate.from,
      to: rate.to ?? null,
      amount: rate.amount,
      currency: rate.currency ?? project.currency,
      per: rate.per ?? metric.unit,
      perPeriod: perPeriodOf(metric, rate.perPeriod),
    })),
    stockValuation: metric.kind === 'stock' ? (metric.stockValuation ?? 'holding') : null,
    attribution: metric.attribution,
    deadweight: metric.deadweight,
    displacement: metric.displacement,
    confidence: metric.confidence,
    dropOff: metric.dropOff,
    ramp: metric.ramp,
    startsOn: start?.startsOn ?? defaultStart(metric, project),
    startRule: start?.rule ?? null,
    hasStarted: start?.hasStarted ?? true,
    endsOn: metric.endsOn ?? null,
    claimKey: metric.claimKey ?? null,
  };
}

function baselineOf(baseline: MetricInput['baseline']): Baseline | null {
  if (baseline === undefined) return null;
  const approval = { approvedBy: baseline.approvedBy ?? null, frozenOn: baseline.frozenOn ?? null };
  const { value, n, sd, from, to } = baseline;
  if (value !== undefined) return { kind: 'value', value, n: n ?? null, sd: sd ?? null, ...approval };
  return from !== undefined && to !== undefined ? { kind: 'window', from, to, ...approval } : null;
}

function counterfactualOf(counterfactual: MetricInput['counterfactual']): Counterfactual {
  if (counterfactual === 'constant') return { kind: 'constant' };
  if ('control' in counterfactual) {
    const { method, ...source } = counterfactual.control;
    return { kind: 'control', source, method };
  }
  const { trend } = counterfactual;
  return trend === 'window' ? { kind: 'trend', fit: 'window' } : { kind: 'trend', fit: 'given', ...trend };
}
