import { Decimal, roundMoney } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import { epochDay } from '../time/dates.ts';
import { type Period, periodsWithin } from '../time/periods.ts';
import type { CurrencyCode, LocalDate, PlannedBenefit, ValueMetric } from '../types.ts';
import { periodBenefit } from '../value/benefit.ts';
import { keptShare, wholeYears } from '../value/drop-off.ts';
import { firstCountedPeriod, periodNumber } from '../value/period-number.ts';
import { yearFraction } from '../value/rates.ts';
import { type Path, productOver } from './path.ts';
import { rampPath } from './ramp.ts';

/** One period as planned. */
export interface PlannedPeriod extends Period {
  /** P, the mean over the period: counterfactual + (curve − counterfactual) · ramp. */
  level: Decimal;
  counterfactual: Decimal;
  /** In the project's currency at the budget rate, to money's places. */
  gross: Decimal;
  benefit: Decimal;
}
/** Why a promise cannot be turned into money. */
export type PlanProblem = { kind: 'fx'; currency: CurrencyCode; date: LocalDate } | { kind: 'exposure' | 'curve' };
export type PlannedPeriods = { ok: true; periods: PlannedPeriod[] } | { ok: false; problem: PlanProblem };

/** [startsOn, endsOn): whole periods of the cadence within it count, as in the actuals. */
export interface BenefitSpan {
  startsOn: LocalDate;
  endsOn: LocalDate;
}

/**
 * What is promised of a metric in each whole period of its cadence within the span; ramp and drop-off are counted from the
 * span's start: the plan's own, or the one that came to be. The curve and the counterfactual go by date, for neither
 * waits for the project: the counterfactual's first period is the plan's first. Before its first date the curve has its
 * first value. A stock that is released counts the level at each period's end less the one before.
 */
export function plannedPeriods(
  metric: ValueMetric,
  promise: PlannedBenefit,
  { startsOn, endsOn }: BenefitSpan,
  { budget, currency }: { budget: FxBook; currency: CurrencyCode },
): PlannedPeriods {
  const { kind, stockValuation, direction, cadence } = metric;
  if (promise.exposure === null && (kind === 'ratio' || kind === 'percentile'))
    return { ok: false, problem: { kind: 'exposure' } };
  if (promise.curve.length === 0) return { ok: false, problem: { kind: 'curve' } };
  const days = promise.curve.map(({ from }) => epochDay(from));
  const levels = promise.curve.map(({ value }) => new Decimal(value));
  const ramp = rampPath(promise.ramp, startsOn);
  const isRelease = kind === 'stock' && stockValuation === 'release';
  const amount = new Decimal(promise.rate.amount).times(promise.rate.perPeriod === 'month' ? 12 : 1);
  const firstNumber = firstCountedPeriod(cadence, promise.startsOn);
  const change = new Decimal(promise.counterfactualChange);
  const factors = {
    attribution: new Decimal(promise.attribution),
    deadweight: new Decimal(promise.deadweight),
    displacement: new Decimal(promise.displacement),
    confidence: new Decimal(promise.confidence),
  };
  const keptByYears = new Map<number, Decimal>();
  const rows: PlannedPeriod[] = [];
  let levelBefore: Decimal | null = null;
  for (const period of periodsWithin(startsOn, endsOn, cadence)) {
    const exchange = budget.average(promise.rate.currency, currency, period);
    if (!exchange.found)
      return { ok: false, problem: { kind: 'fx', currency: promise.rate.currency, date: exchange.date } };
    const n = periodNumber(cadence, period.from) - firstNumber;
    const counterfactual = change.times(n).plus(promise.counterfactual);
    const movement: Path = {
      days,
      values: levels.map((level) => level.minus(counterfactual)),
      linear: promise.interpolation === 'linear',
    };
    const { mean, last } = productOver(movement, ramp, epochDay(period.from), epochDay(period.to));
    const level = counterfactual.plus(mean);
    const levelAtEnd = counterfactual.plus(last);
    const years = wholeYears(startsOn, period.from);
    const kept = keptByYears.get(years) ?? keptShare(promise.dropOff, startsOn, period.from);
    keptByYears.set(years, kept);
    const { gross, benefit } = periodBenefit({
      kind,
      stockValuation,
      direction,
      actual: isRelease ? levelAtEnd : level,
      counterfactual: isRelease ? (levelBefore ?? counterfactual) : counterfactual,
      rate: amount.times(exchange.rate),
      exposure: new Decimal(promise.exposure ?? 0),
      yearFraction: yearFraction(period),
      ...factors,
      kept,
    });
    rows.push({ ...period, level, counterfactual, gross: roundMoney(gross), benefit: roundMoney(benefit) });
    levelBefore = levelAtEnd;
  }
  return { ok: true, periods: rows };
}
