import {
  Decimal,
  datedDiscountFactor,
  daysBetween,
  discountFactor,
  irr,
  type LocalDate,
  mirr,
  presentValue,
  type RateOfReturn,
  sum,
  xirr,
  xnpv,
} from '#domain';
import type { SheetCase } from './finance-generate.ts';
import type { CalcRow, CalcValue } from './finance-sheet.ts';

/** With a star: with each of our roots as its guess. */
export const FUNCTION_NAMES = ['NPV', 'XNPV', 'MIRR', 'IRR', 'IRR*', 'XIRR', 'XIRR*'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** How a figure of Calc stands to ours. Every class but `unexplained` has a test of its own below. */
export const CLASSES = {
  agrees: 'the same figure',
  'both none': 'we find no rate in (−99 %, 1000 %], or no figure, and Calc gives an error',
  'one of several': 'we give every root; Calc gives the one that its guess of 10 % leads to',
  'outside our range': 'Calc’s rate is a root, but not in (−99 %, 1000 %], where we look',
  'Calc gives up': 'Calc’s iteration does not converge from its guess of 10 %; from our root it gives that root',
  unexplained: 'an error of one of the two',
} as const;
export type ClassName = keyof typeof CLASSES;

export interface Comparison {
  name: FunctionName;
  kind: string;
  class: ClassName;
  ours: string;
  calc: string;
  flows: string;
}

/** Calc computes in 53 bits: digits that cancel are lost. A share of the sum of the sizes. */
const SAME = 1e-9;
const SAME_RATE = 1e-7;

/** Every internal rate of return that the engine gives for a case. */
export function ratesOf({ flows, dates }: SheetCase): RateOfReturn {
  const amounts = flows.map((flow) => new Decimal(flow));
  if (dates === null) return irr(amounts);
  return xirr(amounts.map((amount, index) => ({ date: dates[index] as LocalDate, amount })));
}

export function compareCase(each: SheetCase, rates: RateOfReturn, calc: CalcRow): Comparison[] {
  const flows = each.flows.map((flow) => new Decimal(flow));
  const rate = new Decimal(each.rate);
  const said = (name: FunctionName, found: ClassName, ours: string, value: CalcValue): Comparison => ({
    name,
    kind: each.kind,
    class: found,
    ours,
    calc: String(value),
    flows: each.flows.join(' '),
  });
  const confirmed = calc.confirmed.map((value, index) => isNear(rates.roots[index], value));
  const again = (name: FunctionName): Comparison[] =>
    calc.confirmed.map((value, index) =>
      said(name, confirmed[index] ? 'agrees' : 'unexplained', rates.roots[index]?.toFixed(12) ?? '', value),
    );
  if (each.dates) {
    const start = each.dates[0] as LocalDate;
    const dated = flows.map((amount, index) => ({ date: each.dates?.[index] as LocalDate, amount }));
    const worth = xnpv(dated, rate);
    const size = xnpv(
      dated.map(({ date, amount }) => ({ date, amount: amount.abs() })),
      rate,
    );
    const factor = (r: Decimal) => dated.map(({ date }) => datedDiscountFactor(r, daysBetween(start, date)));
    return [
      said('XNPV', classOfAmount(worth, size, calc.xnpv), worth.toPrecision(15), calc.xnpv),
      said('XIRR', classOfRate(rates, confirmed, flows, factor, calc.xirr), inWords(rates), calc.xirr),
      ...again('XIRR*'),
    ];
  }
  const worth = presentValue(flows, rate, 'excel') as Decimal;
  const size = presentValue(
    flows.map((flow) => flow.abs()),
    rate,
    'excel',
  ) as Decimal;
  const factor = (r: Decimal) => flows.map((_, index) => discountFactor(r, index));
  const modified = mirr(flows, new Decimal(each.financeRate), new Decimal(each.reinvestRate));
  return [
    said('NPV', classOfAmount(worth, size, calc.npv), worth.toPrecision(15), calc.npv),
    said('IRR', classOfRate(rates, confirmed, flows, factor, calc.irr), inWords(rates), calc.irr),
    ...again('IRR*'),
    said('MIRR', classOfModified(modified, calc.mirr), modified?.toPrecision(15) ?? 'none', calc.mirr),
  ];
}

const inWords = ({ status, roots }: RateOfReturn): string =>
  `${status} ${roots.map((root) => root.toFixed(9)).join(' ')}`;

function classOfAmount(ours: Decimal, size: Decimal, calc: CalcValue): ClassName {
  if (typeof calc === 'string') return 'unexplained';
  return ours.minus(calc).abs().lte(size.times(SAME)) ? 'agrees' : 'unexplained';
}

function classOfModified(ours: Decimal | null, calc: CalcValue): ClassName {
  if (ours === null) return typeof calc === 'string' ? 'both none' : 'unexplained';
  if (typeof calc === 'string') return 'unexplained';
  return ours.minus(calc).abs().lte(SAME) ? 'agrees' : 'unexplained';
}

const isNear = (root: Decimal | undefined, calc: CalcValue): boolean =>
  typeof calc === 'number' && root !== undefined && root.minus(calc).abs().lte(SAME_RATE);

function classOfRate(
  { status, roots }: RateOfReturn,
  confirmed: readonly boolean[],
  flows: readonly Decimal[],
  factorsAt: (rate: Decimal) => Decimal[],
  calc: CalcValue,
): ClassName {
  if (typeof calc === 'string') {
    if (status === 'none') return 'both none';
    return confirmed.every((each) => each) ? 'Calc gives up' : 'unexplained';
  }
  if (roots.some((root) => isNear(root, calc))) return status === 'unique' ? 'agrees' : 'one of several';
  if (calc > -0.99 && calc <= 10) return 'unexplained';
  // No rate at all: (1 + rate) is negative, and whole powers of it happen to cancel.
  if (calc <= -1) return 'outside our range';
  const terms = factorsAt(new Decimal(calc)).map((factor, index) => factor.times(flows[index] as Decimal));
  const size = sum(terms.map((term) => term.abs()));
  return sum(terms).abs().lte(size.times(1e-6)) ? 'outside our range' : 'unexplained';
}
