import { Decimal } from '../money/decimal.ts';
import type { DecimalString, LocalDate } from '../types.ts';
import { countedBenefits } from './counted-periods.ts';
import type { MetricOutput, PeriodOutput, RoiOutputs } from './outputs.ts';

/** Why a figure that was counted is another one now: the first difference in the order in which a figure is made. */
export type RestatementCause =
  | { kind: 'late-samples'; samples: number }
  | { kind: 'corrected-samples' }
  | { kind: 'lost-samples'; samples: number }
  | { kind: 'counterfactual'; old: DecimalString | null; now: DecimalString | null }
  | { kind: 'exposure' }
  | { kind: 'rate'; old: DecimalString | null; now: DecimalString | null }
  | { kind: 'factors' }
  | { kind: 'recomputed' }
  | { kind: 'not-counted'; because: string }
  | { kind: 'cost-amount' }
  | { kind: 'cost-currency'; old: string; now: string }
  | { kind: 'cost-date'; old: LocalDate; now: LocalDate }
  | { kind: 'cost-kind'; old: string; now: string }
  | { kind: 'cost-elsewhere'; now: string };

/** A period that was counted and has another benefit now, or counts no more. */
export interface BenefitRestatement {
  metricId: string;
  metricName: string;
  unit: string;
  period: LocalDate;
  oldBenefit: DecimalString;
  /** Null: no longer counted. */
  newBenefit: DecimalString | null;
  oldActual: DecimalString | null;
  newActual: DecimalString | null;
  cause: RestatementCause;
}

/** What was restated between two computations of a project in the same currency; newest period first. */
export function restatementsBetween(now: RoiOutputs, before: RoiOutputs): BenefitRestatement[] {
  if (before.currency !== now.currency) return [];
  return before.metrics
    .flatMap((old) =>
      restatementsOf(
        now.metrics.find(({ metricId }) => metricId === old.metricId),
        old,
      ),
    )
    .sort((a, b) => compare(b.period, a.period) || compare(a.metricName, b.metricName));
}

function restatementsOf(metric: MetricOutput | undefined, old: MetricOutput): BenefitRestatement[] {
  const current = countedBenefits(metric?.periods ?? []);
  const periodOf = (periods: readonly PeriodOutput[], from: string) => periods.find((period) => period.from === from);
  return [...countedBenefits(old.periods)].flatMap(([from, before]) => {
    const now = current.get(from) ?? null;
    if (now?.equals(before)) return [];
    const period = periodOf(metric?.periods ?? [], from);
    const earlier = periodOf(old.periods, from);
    return [
      {
        metricId: old.metricId,
        metricName: metric?.name ?? old.name,
        unit: metric?.unit ?? old.unit,
        period: from,
        oldBenefit: before.toFixed(),
        newBenefit: now?.toFixed() ?? null,
        oldActual: earlier?.actual ?? null,
        newActual: period?.actual ?? null,
        cause: now === null ? whyGone(metric, period) : whyRestated(period, earlier),
      },
    ];
  });
}

const GONE: Partial<Record<PeriodOutput['status'], string>> = {
  provisional: 'its samples are provisional again',
  missing: 'its samples are gone',
  drift: 'the benefit now starts later',
  'after-end': 'the benefit now ends earlier',
};

function whyGone(metric: MetricOutput | undefined, period: PeriodOutput | undefined): RestatementCause {
  const because = (text: string): RestatementCause => ({ kind: 'not-counted', because: text });
  if (metric === undefined) return because('the metric is no longer part of the project');
  if (!metric.monetised) return because(metric.notMonetisedBecause ?? 'not expressed in money');
  return because((period && GONE[period.status]) ?? 'the period can no longer be computed');
}

function whyRestated(now: PeriodOutput | undefined, old: PeriodOutput | undefined): RestatementCause {
  if (now === undefined || old === undefined) return { kind: 'recomputed' };
  if (now.received > old.received) return { kind: 'late-samples', samples: now.received - old.received };
  if (now.revision > old.revision) return { kind: 'corrected-samples' };
  if (now.received < old.received) return { kind: 'lost-samples', samples: old.received - now.received };
  if (now.actual !== old.actual) return { kind: 'corrected-samples' };
  if (now.counterfactual !== old.counterfactual)
    return { kind: 'counterfactual', old: old.counterfactual, now: now.counterfactual };
  if (now.exposure !== old.exposure) return { kind: 'exposure' };
  if (now.rate !== old.rate) return { kind: 'rate', old: old.rate, now: now.rate };
  return { kind: 'factors' };
}

/** The cause in words, numbers as the reader writes them. */
export function causeWords(
  { cause, oldActual, newActual, unit }: Pick<BenefitRestatement, 'cause' | 'oldActual' | 'newActual' | 'unit'>,
  format: {
    apart(a: DecimalString | null, b: DecimalString | null): [string, string];
    date(value: LocalDate): string;
  },
): string {
  const change = (old: DecimalString | null, now: DecimalString | null): string => format.apart(old, now).join(' → ');
  const actual = `${change(oldActual, newActual)} ${unit}`;
  switch (cause.kind) {
    case 'late-samples':
      return `${samples(cause.samples)} arrived late (${actual})`;
    case 'corrected-samples':
      return `the source corrected its samples (${actual})`;
    case 'lost-samples':
      return `${samples(cause.samples)} no longer counted`;
    case 'counterfactual':
      return `the baseline changed (${change(cause.old, cause.now)} ${unit})`;
    case 'exposure':
      return 'the exposure changed';
    case 'rate':
      return `the rate changed (${change(cause.old, cause.now)})`;
    case 'factors':
      return 'attribution, deadweight, displacement or confidence changed';
    case 'recomputed':
      return 'the period is computed anew';
    case 'not-counted':
      return `no longer counted: ${cause.because}`;
    case 'cost-amount':
      return 'the source corrected the amount';
    case 'cost-currency':
      return `the source corrected the currency (${cause.old} → ${cause.now})`;
    case 'cost-date':
      return `posted on another date (${format.date(cause.old)} → ${format.date(cause.now)})`;
    case 'cost-kind':
      return `booked as another kind (${cause.old} → ${cause.now})`;
    case 'cost-elsewhere':
      return `booked on ${cause.now} now`;
  }
}

const samples = (count: number): string => `${count} ${count === 1 ? 'sample' : 'samples'}`;

/** What a cost line says that a figure rests on. */
export interface CostState {
  projectRef: string;
  kind: string;
  amount: DecimalString;
  currency: string;
  postingDate: LocalDate;
}

/** Why a cost line's correction restates a project that counted it; null: what it changed, no figure rests on. */
export function costCause(old: CostState, now: CostState): RestatementCause | null {
  if (old.projectRef !== now.projectRef) return { kind: 'cost-elsewhere', now: now.projectRef };
  if (old.currency !== now.currency) return { kind: 'cost-currency', old: old.currency, now: now.currency };
  if (!new Decimal(old.amount).equals(now.amount)) return { kind: 'cost-amount' };
  if (old.postingDate !== now.postingDate) return { kind: 'cost-date', old: old.postingDate, now: now.postingDate };
  return old.kind === now.kind ? null : { kind: 'cost-kind', old: old.kind, now: now.kind };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
