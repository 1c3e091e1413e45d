import { Decimal } from 'decimal.js';
import type { DecimalString } from '../types.ts';
import { countedBenefit, countedBenefits, isCounted } from '../value/counted-periods.ts';
import type { MetricOutput, RoiOutputs } from '../value/outputs.ts';
import type { DigestFacts } from './facts.ts';

/** So many causes are named; the rest is one sum. */
const NAMED_CAUSES = 3;

type Moves = Pick<DigestFacts, 'moved' | 'otherMoves' | 'netChange'>;

/**
 * What moved benefit − cost to date between two computations: for each metric the periods newly counted and those
 * restated, and the cost posted. Largest first; the named ones and `otherMoves` sum to `netChange` exactly.
 */
export function whatMoved(now: RoiOutputs, before: RoiOutputs | null): Moves {
  if (before === null || !comparable(now, before)) return { moved: [], otherMoves: null, netChange: null };
  const netChange = net(now).minus(net(before));
  const causes = [...metricCauses(now, before), ...costCauses(now, before)]
    .filter(({ amount }) => !amount.isZero())
    .sort((a, b) => b.amount.abs().comparedTo(a.amount.abs()) || (a.cause < b.cause ? -1 : 1));
  const named = causes.slice(0, NAMED_CAUSES);
  const other = named.reduce((rest, { amount }) => rest.minus(amount), netChange);
  return {
    moved: named.map(({ cause, amount }) => ({ cause, amount: amount.toFixed() })),
    otherMoves: other.toFixed(),
    netChange: netChange.toFixed(),
  };
}

/**
 * A figure that was unknown on one side only has no difference: taken as zero, the whole cost would look as if it had
 * been spent, or given back, since the last digest. A benefit that was none for want of a closed period did begin at zero.
 */
function comparable(now: RoiOutputs, before: RoiOutputs): boolean {
  if (before.currency !== now.currency) return false;
  if ((now.costToDate === null) !== (before.costToDate === null)) return false;
  const withheld = (outputs: RoiOutputs): boolean =>
    outputs.benefitToDate === null && outputs.metrics.some(({ periods }) => periods.some(isCounted));
  if (withheld(now) || withheld(before)) return false;
  return now.benefitToDate !== null || now.costToDate !== null;
}

interface Cause {
  cause: string;
  amount: Decimal;
}

function metricCauses(now: RoiOutputs, before: RoiOutputs): Cause[] {
  const old = new Map(before.metrics.map((metric) => [metric.metricId, metric]));
  const current = new Set(now.metrics.map((metric) => metric.metricId));
  const causes = now.metrics.flatMap((metric) => causesOfMetric(metric, old.get(metric.metricId)));
  for (const metric of before.metrics)
    if (!current.has(metric.metricId))
      causes.push({ cause: `${metric.name}: no longer counted`, amount: zeroIfNull(metric.benefitToDate).negated() });
  return causes;
}

function causesOfMetric(metric: MetricOutput, old: MetricOutput | undefined): Cause[] {
  const total = zeroIfNull(metric.benefitToDate).minus(zeroIfNull(old?.benefitToDate ?? null));
  const counted = countedBenefits(old?.periods ?? []);
  let restated = new Decimal(0);
  let restatedPeriods = 0;
  let newPeriods = 0;
  for (const period of metric.periods) {
    const benefit = countedBenefit(period);
    if (benefit === null) continue;
    const earlier = counted.get(period.from);
    if (earlier === undefined) newPeriods += 1;
    else if (!benefit.equals(earlier)) {
      restated = restated.plus(benefit.minus(earlier));
      restatedPeriods += 1;
    }
  }
  const current = countedBenefits(metric.periods);
  const gone = [...counted].filter(([from]) => !current.has(from));
  const lost = gone.reduce((rest, [, benefit]) => rest.minus(benefit), new Decimal(0));
  const added = total.minus(restated).minus(lost);
  return [
    {
      cause: newPeriods > 0 ? `${metric.name}: ${count(newPeriods, 'new period')}` : `${metric.name}: other changes`,
      amount: added,
    },
    { cause: `${metric.name}: ${count(restatedPeriods, 'period')} restated`, amount: restated },
    { cause: `${metric.name}: ${count(gone.length, 'period')} no longer counted`, amount: lost },
  ];
}

function costCauses(now: RoiOutputs, before: RoiOutputs): Cause[] {
  const amount = zeroIfNull(before.costToDate).minus(zeroIfNull(now.costToDate));
  return [{ cause: amount.isNegative() ? 'Cost posted' : 'Cost corrected downwards', amount }];
}

function net(outputs: RoiOutputs): Decimal {
  return zeroIfNull(outputs.benefitToDate).minus(zeroIfNull(outputs.costToDate));
}

function zeroIfNull(amount: DecimalString | null): Decimal {
  return new Decimal(amount ?? 0);
}

/** From that size on amounts are written in whole units. */
const WHOLE_UNITS_FROM = 100;

/**
 * The moves as they are written: all to the same place, and adding up as written. What rounding leaves goes to the sum of
 * the unnamed, or is named for what it is. Null: nothing is compared.
 */
export function roundedMoves(
  facts: Pick<DigestFacts, 'moved' | 'otherMoves' | 'netChange'>,
): { rows: { cause: string; amount: DecimalString }[]; net: DecimalString } | null {
  if (facts.netChange === null) return null;
  const exact = [facts.netChange, facts.otherMoves ?? '0', ...facts.moved.map(({ amount }) => amount)];
  const places = exact.some((amount) => new Decimal(amount).abs().gte(WHOLE_UNITS_FROM)) ? 0 : 2;
  const rounded = (amount: DecimalString): Decimal =>
    new Decimal(amount).toDecimalPlaces(places, Decimal.ROUND_HALF_UP);
  const net = rounded(facts.netChange);
  const rows = facts.moved
    .map(({ cause, amount }) => ({ cause, amount: rounded(amount) }))
    .filter(({ amount }) => !amount.isZero());
  const rest = rows.reduce((left, { amount }) => left.minus(amount), net);
  const unnamed = !new Decimal(facts.otherMoves ?? 0).isZero();
  if (!rest.isZero()) rows.push({ cause: unnamed ? 'Everything else' : 'Rounding', amount: rest });
  return { rows: rows.map(({ cause, amount }) => ({ cause, amount: amount.toFixed() })), net: net.toFixed() };
}

/** `1 period`, `2 periods`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
