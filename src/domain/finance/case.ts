import { Decimal, type DecimalInput } from '../money/decimal.ts';
import type { FlowTiming } from '../types.ts';
import { evaluateDated } from './case-dated.ts';
import { evaluateRegular } from './case-regular.ts';
import { type CaseTerms, figure, nothing } from './case-terms.ts';
import type { FinanceCase, FinanceResult, RatesInput } from './case-types.ts';
import { flatRate, merged, type RateStep } from './discount-steps.ts';
import { GREEN_BOOK_STEPS, greenBookFactor } from './discounting.ts';
import { type FlowConvention, timingsOf } from './flow-times.ts';

const GREEN_BOOK_TABLE_YEARS = 75;
const TIMINGS: readonly string[] = ['start', 'mid', 'end'] satisfies FlowTiming[];

function conventionOf(input: FinanceCase): FlowConvention {
  if (input.convention) return input.convention;
  const said = input.timing !== undefined && !TIMINGS.includes(input.timing) && /\bend\b/.test(input.timing);
  return said ? 'excel' : 'npv0';
}

function stepsOf(rates: DecimalInput | RatesInput): RateStep[] {
  if (!Array.isArray(rates)) return flatRate(rates as DecimalInput);
  return merged(
    (rates as RatesInput).map((entry, index) =>
      typeof entry === 'object' && 'fromYear' in entry
        ? { fromYear: entry.fromYear, rate: new Decimal(entry.rate) }
        : { fromYear: index, rate: new Decimal(entry) },
    ),
  );
}

function termsOf(input: FinanceCase): CaseTerms {
  const convention = input.datedFlows ? 'dated' : conventionOf(input);
  const given = input.rates ?? input.rate;
  const own = given === undefined ? null : stepsOf(given);
  const timing = TIMINGS.find((known) => known === input.timing) as FlowTiming | undefined;
  return {
    id: input.id,
    convention,
    timing: convention === 'dated' ? 'start' : (timing ?? timingsOf(convention)[0] ?? 'start'),
    rates: convention === 'green-book' ? [...GREEN_BOOK_STEPS] : own,
    financeRates: input.financeRate === undefined ? null : flatRate(input.financeRate),
    reinvestRates: input.reinvestRate === undefined ? null : flatRate(input.reinvestRate),
    inflation: input.inflation === undefined ? null : stepsOf(input.inflation),
    costRisk: new Decimal(input.costRisk ?? 0),
    benefitRisk: new Decimal(input.benefitRisk ?? 0),
  };
}

/**
 * Every figure that a case allows. Costs and benefits are positive amounts by year (index 0 is time zero) and give ROI =
 * (PVB − PVC)/PVC and BCR = PVB/PVC; bare flows have no such split, so both are null. Without a rate everything that
 * is discounted is null. Payback is interpolated within a period.
 */
export function evaluateFinanceCase(input: FinanceCase): FinanceResult {
  const terms = termsOf(input);
  if (input.datedFlows) return evaluateDated(terms, input.datedFlows);
  if (input.costs && input.benefits) {
    const grown = new Decimal(1).plus(terms.costRisk);
    const shrunk = new Decimal(1).minus(terms.benefitRisk);
    return evaluateRegular(terms, {
      costs: input.costs.map((amount) => grown.times(amount)),
      benefits: input.benefits.map((amount) => shrunk.times(amount)),
    });
  }
  if (input.flows) return evaluateRegular(terms, { net: input.flows.map((amount) => new Decimal(amount)) });
  if (terms.convention !== 'green-book') return nothing(terms);
  const years = Array.from({ length: GREEN_BOOK_TABLE_YEARS + 1 }, (_, year) => year);
  return {
    ...nothing(terms),
    discountFactor: Object.fromEntries(years.map((year) => [String(year), figure(greenBookFactor(year))])),
  };
}

/** Results of all cases, in their order. */
export function evaluateFinanceDocument(document: { cases: readonly FinanceCase[] }): FinanceResult[] {
  return document.cases.map((input) => evaluateFinanceCase(input));
}
