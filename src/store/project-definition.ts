import { addYears, type Project, type ValueMetric } from '#domain';

/** As releases before 0.3 stored it: three years at one rate, and nothing of plans, deliverables or conventions. */
interface EarlierProject {
  horizonYears?: number;
  discountRate?: string;
}

/**
 * A stored definition in the form of this release. What an earlier release did not know gets what it meant by leaving it
 * out; the stored text stays as it is.
 */
export function currentDefinition(stored: Project & EarlierProject): Project {
  if (stored.horizonYears === undefined && stored.discountRate === undefined) return stored;
  const { horizonYears = 3, discountRate = '0', ...rest } = stored;
  return {
    ...rest,
    managed: rest.managed ?? 'config',
    horizonEndsOn: rest.horizonEndsOn ?? addYears(rest.startsOn, horizonYears),
    convention: rest.convention ?? 'dated',
    discount: rest.discount ?? [{ fromYear: 0, rate: discountRate }],
    priceBasis: rest.priceBasis ?? { kind: 'nominal' },
    fiscalCalendar: rest.fiscalCalendar ?? { kind: 'months', firstMonth: 1 },
    costRisk: rest.costRisk ?? '0',
    simulation: rest.simulation ?? { seed: 1, draws: 1000 },
    deliverables: rest.deliverables ?? [],
    plans: rest.plans ?? [],
    metrics: rest.metrics.map(currentMetric),
  };
}

function currentMetric(metric: ValueMetric): ValueMetric {
  const { baseline } = metric;
  return {
    ...metric,
    baseline:
      baseline === null
        ? null
        : baseline.kind === 'value'
          ? { ...baseline, n: baseline.n ?? null, sd: baseline.sd ?? null, ...approval(baseline) }
          : { ...baseline, ...approval(baseline) },
    counterfactual: metric.counterfactual ?? { kind: 'constant' },
    stockValuation: metric.stockValuation ?? (metric.kind === 'stock' ? 'holding' : null),
    dropOff: metric.dropOff ?? '0',
    ramp: metric.ramp ?? [],
    startRule: metric.startRule ?? null,
    hasStarted: metric.hasStarted ?? true,
    claimKey: metric.claimKey ?? null,
    rates: metric.rates.map((rate) => ({
      ...rate,
      perPeriod: rate.perPeriod ?? (metric.kind === 'stock' ? 'year' : null),
    })),
  };
}

const approval = ({
  approvedBy = null,
  frozenOn = null,
}: Partial<{ approvedBy: string | null; frozenOn: string | null }>) => ({
  approvedBy,
  frozenOn,
});
