import { Decimal } from '../money/decimal.ts';
import type { FlowTiming } from '../types.ts';
import type { FinanceResult } from './case-types.ts';
import type { RateStep } from './discount-steps.ts';
import type { FlowConvention } from './flow-times.ts';
import type { RateOfReturn } from './irr.ts';
import { npvCurve } from './npv-curve.ts';
import { percentInWords, ratesInWords } from './words.ts';

/** What a case's figures rest on besides its flows. */
export interface CaseTerms {
  id: string;
  convention: FlowConvention | 'dated';
  timing: FlowTiming;
  rates: RateStep[] | null;
  financeRates: RateStep[] | null;
  reinvestRates: RateStep[] | null;
  inflation: RateStep[] | null;
  costRisk: Decimal;
  benefitRisk: Decimal;
}

const SIGNIFICANT_DIGITS = 12;

export function figure(value: Decimal): number;
export function figure(value: Decimal | null): number | null;
export function figure(value: Decimal | null): number | null {
  return value === null ? null : value.toSignificantDigits(SIGNIFICANT_DIGITS).plus(0).toNumber();
}

export function nothing(terms: CaseTerms, from?: string): FinanceResult {
  return {
    id: terms.id,
    convention: terms.convention,
    basis: basisInWords(terms, from),
    npv: null,
    pvBenefits: null,
    pvCosts: null,
    roi: null,
    bcr: null,
    irrStatus: null,
    irrRoots: null,
    npvCurve: [],
    mirr: null,
    xirr: null,
    xnpv: null,
    payback: null,
    paybackCrossesBack: false,
    paybackWords: null,
    discountedPayback: null,
    discountedPaybackCrossesBack: false,
  };
}

/** Empty where the rate is unique, or where there is nothing to weigh: no inflow or no outflow. */
export function curveOf(
  { rates }: CaseTerms,
  flows: readonly Decimal[],
  { status, roots }: RateOfReturn,
  npvAt: (rate: Decimal) => Decimal,
): FinanceResult['npvCurve'] {
  if (status === 'unique' || !flows.some((flow) => flow.gt(0)) || !flows.some((flow) => flow.lt(0))) return [];
  const own = (rates ?? []).map(({ rate }) => rate);
  return npvCurve(npvAt, [...own, ...roots]).map(({ rate, npv }) => ({ rate: figure(rate), npv: figure(npv) }));
}

const PLACES = { start: 'starts', mid: 'middles', end: 'ends' } as const;

function placing({ convention, timing }: CaseTerms, from: string | undefined): string {
  switch (convention) {
    case 'dated':
      return `act/365${from === undefined ? '' : ` from ${from}`}`;
    case 'npv0':
      return `flows at period ${PLACES[timing]}${timing === 'start' ? ', the first undiscounted' : ''}`;
    case 'excel':
      return `Excel: flows at period ${PLACES[timing]}, the first too`;
    case 'tei':
      return `TEI: initial column undiscounted, flows at year ${PLACES[timing]}`;
    case 'green-book':
      return timing === 'mid' ? 'Green Book: flows at year middles' : 'Green Book: year 0 undiscounted';
    case 'servicenow':
      return 'ServiceNow: first period undiscounted';
  }
}

function basisInWords(terms: CaseTerms, from: string | undefined): string {
  const { rates, inflation, costRisk, benefitRisk } = terms;
  const unit = terms.convention === 'npv0' || terms.convention === 'excel' ? 'periods' : 'years';
  const risks = [
    benefitRisk.isZero() ? null : `benefits less ${percentInWords(benefitRisk)}`,
    costRisk.isZero() ? null : `costs plus ${percentInWords(costRisk)}`,
  ].filter((part) => part !== null);
  return [
    placing(terms, from),
    rates === null ? 'no rate' : `discounted at ${ratesInWords(rates, unit)}`,
    ...(risks.length === 0 ? [] : [`for risk ${risks.join(', ')}`]),
    inflation === null ? 'nominal' : `real, in prices of time zero by inflation of ${ratesInWords(inflation, unit)}`,
  ].join('; ');
}
