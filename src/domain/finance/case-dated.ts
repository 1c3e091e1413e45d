import { Decimal, type DecimalInput, sum } from '../money/decimal.ts';
import { daysBetween } from '../time/dates.ts';
import type { LocalDate } from '../types.ts';
import { type CaseTerms, curveOf, figure, nothing } from './case-terms.ts';
import type { FinanceResult } from './case-types.ts';
import { factorOver, flatRate, type RateStep } from './discount-steps.ts';
import { combineSameDay, YEAR_DAYS } from './discounting.ts';
import { xirr } from './irr.ts';
import { payback } from './payback.ts';

/** Figures of dated flows, act/365 from the first of them. MIRR is a figure of equal periods: null. */
export function evaluateDated(
  terms: CaseTerms,
  entries: readonly (readonly [LocalDate, DecimalInput])[],
): FinanceResult {
  const nominal = combineSameDay(entries.map(([date, amount]) => ({ date, amount: new Decimal(amount) })));
  const start = nominal[0]?.date;
  if (start === undefined) return nothing(terms);
  const { inflation } = terms;
  const over = (steps: readonly RateStep[], date: LocalDate): Decimal =>
    factorOver(steps, daysBetween(start, date), YEAR_DAYS);
  const flows = inflation
    ? nominal.map(({ date, amount }) => ({ date, amount: amount.times(over(inflation, date)) }))
    : nominal;
  const worth = (steps: readonly RateStep[]): Decimal[] =>
    flows.map(({ date, amount }) => amount.times(over(steps, date)));
  const rates = xirr(flows);
  const years = (date: LocalDate): Decimal => new Decimal(daysBetween(start, date)).div(YEAR_DAYS);
  const plain = payback(flows.map(({ date, amount }) => ({ at: years(date), amount })));
  const discounted = terms.rates && worth(terms.rates);
  const discountedPayback =
    discounted && payback(flows.map(({ date }, index) => ({ at: years(date), amount: discounted[index] as Decimal })));
  return {
    ...nothing(terms, start),
    irrStatus: rates.status,
    irrRoots: rates.roots.map((root) => figure(root)),
    npvCurve: curveOf(
      terms,
      flows.map(({ amount }) => amount),
      rates,
      (rate) => sum(worth(flatRate(rate))),
    ),
    xirr: rates.status === 'unique' ? figure(rates.roots[0] ?? null) : null,
    xnpv: figure(discounted && sum(discounted)),
    payback: figure(plain.at),
    paybackCrossesBack: plain.crossesBack,
    discountedPayback: figure(discountedPayback?.at ?? null),
    discountedPaybackCrossesBack: discountedPayback?.crossesBack ?? false,
  };
}
