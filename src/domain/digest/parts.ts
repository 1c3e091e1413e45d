import { Decimal } from 'decimal.js';
import type { DecimalString, Project } from '../types.ts';
import { FRESHNESS_GRACE_MS } from '../value/freshness.ts';
import type { CashFlow, MetricOutput, RoiOutputs } from '../value/outputs.ts';
import type { DigestFacts } from './facts.ts';
import type { Format } from './format.ts';

/** A line of a chart needs no more points than that. */
const CHART_POINTS = 120;

export type StaleSource = DigestFacts['staleSources'][number] & { metricId: string };

/** Metrics in force whose newest sample is older than their freshness limit, now or when the snapshot was made. */
export function findStale(project: Project, outputs: RoiOutputs, nowMs: number): StaleSource[] {
  return outputs.metrics.flatMap((metric) => {
    const definition = project.metrics.find(({ id }) => id === metric.metricId);
    const ended = definition?.endsOn != null && definition.endsOn <= outputs.asOf;
    const newest = metric.newestSampleAtMs;
    const limitMs = definition?.freshnessLimitMs ?? metric.freshnessLimitMs ?? FRESHNESS_GRACE_MS;
    const tooOld = newest !== null && definition !== undefined && nowMs - newest > limitMs;
    if (ended || !(metric.stale || newest === null || tooOld)) return [];
    return [{ ...metric.source, metric: metric.name, metricId: metric.metricId, newestSampleAtMs: newest }];
  });
}

/** Metrics with the time of their newest sample, for the sentence that says why there is no headline. */
export function missingData(blocking: readonly StaleSource[], format: Format): string {
  const names = blocking.map(({ metric, newestSampleAtMs }) =>
    newestSampleAtMs === null ? `${metric} (none)` : `${metric} (newest ${format.instant(newestSampleAtMs)})`,
  );
  return `Fresh data are missing for ${list(names)}; a headline without them would mislead.`;
}

/** At most five, so that a reason stays a sentence. */
export function list(names: readonly string[]): string {
  const rest = names.length - 5;
  return rest > 0 ? `${names.slice(0, 5).join('; ')} and ${rest} more` : names.join('; ');
}

export function difference(now: DecimalString | null, before: DecimalString | null): DecimalString | null {
  return now === null || before === null ? null : new Decimal(now).minus(before).toFixed();
}

/** Until then every monetised metric in force has samples. */
export function dataAsOf(project: Project, { metrics, asOf }: RoiOutputs): number | null {
  const ended = new Set(project.metrics.filter(({ endsOn }) => endsOn !== null && endsOn <= asOf).map(({ id }) => id));
  const inForce = metrics.filter(({ monetised, metricId }) => monetised && !ended.has(metricId));
  const instants = (of: readonly MetricOutput[]) => of.flatMap(({ newestSampleAtMs }) => newestSampleAtMs ?? []);
  const needed = instants(inForce);
  if (needed.length > 0) return Math.min(...needed);
  const any = instants(metrics);
  return any.length === 0 ? null : Math.max(...any);
}

/** Running sums, thinned evenly; the last point is always there. */
export function cumulative(flows: readonly CashFlow[]): DigestFacts['chart'] {
  let benefit = new Decimal(0);
  let cost = new Decimal(0);
  const points = flows.map((flow) => {
    benefit = benefit.plus(flow.benefit);
    cost = cost.plus(flow.cost);
    return { date: flow.date, cumulativeBenefit: benefit.toFixed(), cumulativeCost: cost.toFixed() };
  });
  const step = Math.ceil(points.length / CHART_POINTS);
  return points.filter((_, index) => (points.length - 1 - index) % step === 0);
}
