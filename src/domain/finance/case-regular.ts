import { Decimal, divideOrNull, sum } from '../money/decimal.ts';
import { type CaseTerms, curveOf, figure, nothing } from './case-terms.ts';
import type { FinanceResult } from './case-types.ts';
import { factorOver, flatRate, type RateStep } from './discount-steps.ts';
import { type FlowConvention, halfPeriodsAt } from './flow-times.ts';
import { irr, irrOfTicks, modifiedRate } from './irr.ts';
import { type Payback, payback } from './payback.ts';
import { teiPaybackInWords } from './words.ts';

type RegularFlows = { net: readonly Decimal[] } | { costs: readonly Decimal[]; benefits: readonly Decimal[] };

/** Figures of flows by period, under any convention but `dated`. */
export function evaluateRegular(terms: CaseTerms, given: RegularFlows): FinanceResult {
  const convention = terms.convention as FlowConvention;
  const split = 'net' in given ? null : given;
  const length = 'net' in given ? given.net.length : Math.max(given.costs.length, given.benefits.length);
  const halves = Array.from({ length }, (_, index) => halfPeriodsAt(convention, terms.timing, index));
  const factorsOf = (steps: readonly RateStep[]): Decimal[] => halves.map((half) => factorOver(steps, half, 2));
  const deflators = terms.inflation && factorsOf(terms.inflation);
  const real = (flows: readonly Decimal[]): Decimal[] =>
    halves.map((_, index) => (flows[index] ?? new Decimal(0)).times(deflators?.[index] ?? 1));
  const costs = split && real(split.costs);
  const benefits = split && real(split.benefits);
  const net =
    'net' in given
      ? real(given.net)
      : halves.map((_, index) => (benefits?.[index] ?? new Decimal(0)).minus(costs?.[index] ?? 0));

  const factors = terms.rates && factorsOf(terms.rates);
  const worth = (flows: readonly Decimal[] | null): Decimal | null =>
    factors && flows && sum(flows.map((flow, index) => flow.times(factors[index] as Decimal)));
  const [npv, pvCosts, pvBenefits] = [worth(net), worth(costs), worth(benefits)];
  const rates = internalRates(halves, net);
  const finance = terms.financeRates ?? terms.rates;
  const reinvest = terms.reinvestRates ?? terms.rates;
  const periods = ((halves.at(-1) ?? 0) - (halves[0] ?? 0)) / 2;
  const at = (index: number): Decimal => new Decimal(halves[index] ?? 0).div(2);
  const plainPayback = payback(net.map((amount, index) => ({ at: at(index), amount })));
  const discounted: Payback | null =
    factors &&
    payback(net.map((amount, index) => ({ at: at(index), amount: amount.times(factors[index] as Decimal) })));
  const npvAt = (rate: Decimal): Decimal => {
    const flat = flatRate(rate);
    return sum(net.map((flow, index) => flow.times(factorOver(flat, halves[index] ?? 0, 2))));
  };
  return {
    ...nothing(terms),
    npv: figure(npv),
    pvBenefits: figure(pvBenefits),
    pvCosts: figure(pvCosts),
    roi: figure(npv && pvCosts && divideOrNull(npv, pvCosts)),
    bcr: figure(pvBenefits && pvCosts && divideOrNull(pvBenefits, pvCosts)),
    irrStatus: rates.status,
    irrRoots: rates.roots.map((root) => figure(root)),
    npvCurve: curveOf(terms, net, rates, npvAt),
    mirr: figure(finance && reinvest && modifiedRate(net, factorsOf(finance), factorsOf(reinvest), periods)),
    payback: figure(plainPayback.at),
    paybackCrossesBack: plainPayback.crossesBack,
    paybackWords: convention === 'tei' ? teiPaybackInWords(plainPayback) : null,
    discountedPayback: figure(discounted?.at ?? null),
    discountedPaybackCrossesBack: discounted?.crossesBack ?? false,
  };
}

/** A shift of all flows alike changes no root: only gaps that are no whole periods need half ones. */
function internalRates(halves: readonly number[], net: readonly Decimal[]): ReturnType<typeof irr> {
  const regular = halves.every((half, index) => half - (halves[0] ?? 0) === 2 * index);
  return regular
    ? irr(net)
    : irrOfTicks(
        net.map((flow, index) => [halves[index] ?? 0, flow]),
        2,
      );
}
