import { Decimal as DecimalBase } from 'decimal.js';
import type { Decimal } from '../money/decimal.ts';
import { candidateIntervals, narrowed } from './root-candidates.ts';

/** coefficient · x^exponent; exponents are non-negative integers. */
export interface Term {
  exponent: number;
  coefficient: Decimal;
}

/** Twice the digits that figures use: a double root costs half of them. */
const Wide = DecimalBase.clone({ precision: 80, rounding: DecimalBase.ROUND_HALF_EVEN, maxE: 9e15, minE: -9e15 });
/** Below this share of Σ|terms| a value counts as zero: it is what cancellation leaves of 80 digits at a double root. */
const ZERO_SHARE = new Wide('1e-36');
/** A root is refined until its bracket or its last step is this small relative to it. */
const ROOT_TOLERANCE = new Wide('1e-45');
const MAX_REFINEMENTS = 400;

/** Terms by ascending exponent, equal exponents added, zeros dropped, the smallest exponent divided out. */
function normalise(terms: readonly Term[]): Term[] {
  const byExponent = new Map<number, Decimal>();
  for (const { exponent, coefficient } of terms)
    byExponent.set(exponent, (byExponent.get(exponent) ?? new Wide(0)).plus(coefficient));
  const kept = [...byExponent]
    .filter(([, coefficient]) => !coefficient.isZero())
    .map(([exponent, coefficient]) => ({ exponent, coefficient: new Wide(coefficient) as Decimal }))
    .sort((a, b) => a.exponent - b.exponent);
  const lowest = kept[0]?.exponent ?? 0;
  return kept.map(({ exponent, coefficient }) => ({ exponent: exponent - lowest, coefficient }));
}

/** Number of sign changes along the coefficients: Descartes' bound on positive roots. */
export function signChanges(terms: readonly Term[]): number {
  let changes = 0;
  for (let index = 1; index < terms.length; index++)
    if (terms[index]?.coefficient.s !== terms[index - 1]?.coefficient.s) changes++;
  return changes;
}

/** Powers of x, each computed once: the gaps of weekly or monthly flows are few. */
function powersOf(x: Decimal): (exponent: number) => Decimal {
  const known = new Map<number, Decimal>([[1, x]]);
  return (exponent) => {
    const power = known.get(exponent) ?? x.pow(exponent);
    known.set(exponent, power);
    return power;
  };
}

/** p(x), x·p′(x) and Σ|terms| by Horner's scheme over the gaps between exponents. */
function evaluate(terms: readonly Term[], x: Decimal): { value: Decimal; slope: Decimal; scale: Decimal } {
  const powerOf = powersOf(x);
  let value: Decimal = new Wide(0);
  let slope: Decimal = new Wide(0);
  let scale: Decimal = new Wide(0);
  for (let index = terms.length - 1; index >= 0; index--) {
    const term = terms[index] as Term;
    const power = powerOf(term.exponent - (terms[index - 1]?.exponent ?? 0));
    value = value.plus(term.coefficient).times(power);
    slope = slope.plus(term.coefficient.times(term.exponent)).times(power);
    scale = scale.plus(term.coefficient.abs()).times(power);
  }
  return { value, slope, scale };
}

function signAt(terms: readonly Term[], x: Decimal): -1 | 0 | 1 {
  const { value, scale } = evaluate(terms, x);
  if (value.abs().lte(scale.times(ZERO_SHARE))) return 0;
  return value.isNegative() ? -1 : 1;
}

/** Newton's steps kept inside the bracket, halving where they would leave it. The signs at both ends differ. */
function refine(terms: readonly Term[], from: Decimal, to: Decimal, signFrom: -1 | 1): Decimal {
  let low = from;
  let high = to;
  let x = low.plus(high).div(2);
  let previousStep = high.minus(low);
  for (let step = 0; step < MAX_REFINEMENTS; step++) {
    const { value, slope } = evaluate(terms, x);
    if (value.isZero()) return x;
    if ((value.isNegative() ? -1 : 1) === signFrom) low = x;
    else high = x;
    const newton = slope.isZero() ? null : x.minus(x.times(value).div(slope));
    const usable =
      newton?.gt(low) && newton.lt(high) && newton.minus(x).abs().times(2).lt(previousStep) ? newton : null;
    const next = usable ?? low.plus(high).div(2);
    previousStep = next.minus(x).abs();
    x = next;
    if (previousStep.lte(x.times(ROOT_TOLERANCE)) || high.minus(low).lte(x.times(ROOT_TOLERANCE))) return x;
  }
  return x;
}

/**
 * Coefficients of x^(1+τ)·d/dx (x^−τ·p) with τ in the middle of the first gap where the sign changes (Laguerre's proof
 * of Descartes' rule): exactly one sign change fewer, and between two of its roots x^−τ·p is monotone.
 */
function withOneSignChangeFewer(terms: readonly Term[]): Term[] {
  const at = terms.findIndex((term, index) => index > 0 && term.coefficient.s !== terms[index - 1]?.coefficient.s);
  const twiceTau = (terms[at]?.exponent ?? 0) + (terms[at - 1]?.exponent ?? 0);
  return terms.map(({ exponent, coefficient }) => ({
    exponent,
    coefficient: coefficient.times(2 * exponent - twiceTau),
  }));
}

/** All roots in the closed interval by recursion over sign changes: exact, without any guess of where roots may be. */
function rootsWithin(terms: readonly Term[], low: Decimal, high: Decimal): Decimal[] {
  const changes = signChanges(terms);
  if (changes === 0) return [];
  const turning = changes === 1 ? [] : rootsWithin(withOneSignChangeFewer(terms), low, high);
  return rootsBetween(terms, [low, ...turning.filter((point) => point.gt(low) && point.lt(high)), high]);
}

/** Roots where, between two neighbouring points, x^−τ·p is monotone for some τ. */
function rootsBetween(terms: readonly Term[], points: readonly Decimal[]): Decimal[] {
  const signs = points.map((point) => signAt(terms, point));
  const roots: Decimal[] = [];
  for (const [index, point] of points.entries()) {
    const sign = signs[index];
    const before = signs[index - 1];
    if (before !== undefined && before !== 0 && sign !== undefined && sign !== 0 && sign !== before)
      roots.push(refine(terms, points[index - 1] as Decimal, point, before));
    if (sign === 0) roots.push(point);
  }
  return roots;
}

/**
 * Every distinct root of Σ coefficient·x^exponent in [low, high], ascending, 0 < low < high. A multiple root is given
 * once. Descartes' rule settles none and one; else a bound in floating point throws away where no root can be, and the
 * recursion settles what is left in 80 digits.
 */
export function positiveRoots(terms: readonly Term[], low: Decimal, high: Decimal): Decimal[] {
  const polynomial = normalise(terms);
  const changes = signChanges(polynomial);
  if (changes === 0) return [];
  const from = new Wide(low);
  const to = new Wide(high);
  if (changes === 1) return rootsWithin(polynomial, from, to);
  const [lowLog, highLog] = [from.ln().toNumber(), to.ln().toNumber()];
  const floats = polynomial.map(({ exponent, coefficient }) => ({
    exponent,
    sign: coefficient.s,
    logMagnitude: coefficient.abs().ln().toNumber(),
  }));
  const roots: Decimal[] = [];
  for (const candidate of candidateIntervals(floats, lowLog, highLog)) {
    const interval = candidate.monotone ? narrowed(floats, candidate) : candidate;
    const start = interval.from === lowLog ? from : new Wide(interval.from).exp();
    const end = interval.to === highLog ? to : new Wide(interval.to).exp();
    roots.push(...(interval.monotone ? rootsBetween(polynomial, [start, end]) : rootsWithin(polynomial, start, end)));
  }
  return distinct(roots);
}

/** Ascending, values that differ only by what refinement leaves taken once. */
function distinct(roots: readonly Decimal[]): Decimal[] {
  const ordered = [...roots].sort((a, b) => a.comparedTo(b));
  return ordered.filter((root, index) => {
    const before = ordered[index - 1];
    return before === undefined || root.minus(before).gt(root.times('1e-17'));
  });
}
