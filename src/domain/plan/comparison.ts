import { Decimal, roundMoney } from '../money/decimal.ts';
import type { PeriodReading } from '../readings/outcome.ts';
import type { LocalDate, ValueMetric } from '../types.ts';
import type { CountedPeriod } from '../value/period.ts';
import type { Valuation } from '../value/valuation.ts';
import type { PlannedMetric, PlanValue } from './plan-value.ts';

/** Plan and actual of one period side by side, in the project's currency. */
export interface ComparedPeriod {
  from: LocalDate;
  to: LocalDate;
  /** Null: not counted. */
  actual: CountedPeriod | null;
  /** Over, so that it belongs to what is to date. */
  isOver: boolean;
  /** Of the plan as frozen and as started: the part that was observed, and the part that was not or is still to come. */
  planned: { observed: Decimal; rest: Decimal };
  asStarted: { observed: Decimal; rest: Decimal };
}
export interface ComparedMetric {
  metricId: string;
  plan: PlannedMetric | null;
  /** Every period that is planned or counts, ascending. */
  periods: ComparedPeriod[];
}

const [NONE, ALL] = [new Decimal(0), new Decimal(1)];

/**
 * Lines up every metric's plan and actuals. What nobody observed is neither a benefit nor a shortfall: of a period that is
 * over and was not or only partly received, only the received part of its plan is compared (an incomplete period counts
 * just that part too). A period in which nothing can count, because the benefit had not begun or had ended, is
 * known to be zero, and so compared in full.
 */
export function comparePlan({ input, metrics }: Valuation, plan: PlanValue): ComparedMetric[] {
  const planned = new Set(plan.metrics.map(({ metric }) => metric.id));
  return input.project.metrics
    .filter(({ id }) => planned.has(id) || metrics.some(({ output, counted }) => output.metricId === id && counted[0]))
    .map((metric) => {
      const { id } = metric;
      const readings = input.metrics.find(({ metricId }) => metricId === id)?.periods ?? [];
      const counted = metrics.find(({ output }) => output.metricId === id)?.counted ?? [];
      const own = plan.metrics.find(({ metric }) => metric.id === id) ?? null;
      return { metricId: id, plan: own, periods: periodsOf(metric, own, counted, readings, input.closedBefore) };
    });
}

interface Amount {
  from: LocalDate;
  to: LocalDate;
  benefit: Decimal;
}

function periodsOf(
  metric: ValueMetric,
  plan: PlannedMetric | null,
  counted: readonly CountedPeriod[],
  readings: readonly PeriodReading[],
  closedBefore: LocalDate,
): ComparedPeriod[] {
  const byStart = <T extends { from: LocalDate }>(rows: readonly T[]) => new Map(rows.map((row) => [row.from, row]));
  const [actuals, read] = [byStart(counted), byStart(readings)];
  const [planned, asStarted] = [byStart<Amount>(plan?.planned ?? []), byStart<Amount>(plan?.asStarted ?? [])];
  const spans = new Map<LocalDate, Amount>([...actuals, ...planned, ...asStarted]);
  return [...spans.values()]
    .sort((a, b) => (a.from < b.from ? -1 : 1))
    .map(({ from, to }) => {
      const actual = actuals.get(from) ?? null;
      const isOver = to <= closedBefore;
      const expected = asStarted.has(from);
      const share = !isOver ? NONE : actual !== null ? shareOf(metric, read.get(from)) : expected ? NONE : ALL;
      const split = (amount: Decimal): ComparedPeriod['planned'] => {
        const observed = roundMoney(amount.times(share));
        return { observed, rest: amount.minus(observed) };
      };
      return {
        from,
        to,
        actual,
        isOver,
        planned: split(planned.get(from)?.benefit ?? NONE),
        asStarted: split(asStarted.get(from)?.benefit ?? NONE),
      };
    });
}

/** The part of a counted period that its figure stands for; a release is told by the levels at two ends alone. */
function shareOf({ stockValuation }: ValueMetric, reading: PeriodReading | undefined): Decimal {
  if (reading === undefined || stockValuation === 'release') return ALL;
  const own = reading.complete ? ALL : new Decimal(reading.share);
  const { exposure } = reading;
  return exposure === null || exposure.complete ? own : Decimal.min(own, exposure.share);
}
