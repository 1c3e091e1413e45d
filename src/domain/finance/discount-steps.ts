import { Decimal as DecimalBase } from 'decimal.js';
import { Decimal, type DecimalInput } from '../money/decimal.ts';

/** The annual rate (or rate a period) from that year on; years are counted from time zero. */
export interface RateStep {
  fromYear: number;
  rate: Decimal;
}

const Wide = DecimalBase.clone({ precision: 80 });
const MAX_KNOWN_GROWTHS = 256;
/** (1 + rate)^(1/ticks): one fractional power a rate, whole powers for its dates, a tenth of the time. */
const growths = new Map<string, Decimal>();

function growthOf(rate: Decimal, ticksPerYear: number): Decimal {
  const key = `${rate} ${ticksPerYear}`;
  const known = growths.get(key);
  if (known) return known;
  if (growths.size >= MAX_KNOWN_GROWTHS) growths.clear();
  const growth = new Wide(1).plus(rate).pow(new Wide(1).div(ticksPerYear)) as Decimal;
  growths.set(key, growth);
  return growth;
}

/** One rate for all years. */
export function flatRate(rate: DecimalInput): RateStep[] {
  return [{ fromYear: 0, rate: new Decimal(rate) }];
}

/**
 * Discount factor of a time given in whole ticks: Π (1 + rate of the year)^−(share of that year passed), the last year
 * in part. Time before zero is compounded at the first rate. Steps ascend and begin at year 0; each rate is above −1.
 * Source: the product of one-period factors that the Green Book's annex on discounting gives for rates that change.
 */
export function factorOver(steps: readonly RateStep[], ticks: number, ticksPerYear: number): Decimal {
  if (ticks === 0) return new Decimal(1);
  let factor: Decimal = new Wide(1);
  for (const [index, { fromYear, rate }] of steps.entries()) {
    const start = index === 0 ? Math.min(ticks, 0) : fromYear * ticksPerYear;
    const next = steps[index + 1];
    const end = next ? Math.min(ticks, next.fromYear * ticksPerYear) : ticks;
    const passed = ticks < 0 ? (index === 0 ? ticks : 0) : Math.max(0, end - start);
    if (passed !== 0) factor = factor.times(growthOf(rate, ticksPerYear).pow(-passed));
  }
  return new Decimal(factor).toSignificantDigits(Decimal.precision);
}

/** Steps with those left out that change nothing, so that equal steps are the flat rate to the last digit. */
export function merged(steps: readonly RateStep[]): RateStep[] {
  return steps.filter(({ rate }, index) => index === 0 || !rate.eq(steps[index - 1]?.rate ?? Number.NaN));
}
