/** One term in floating point: sign · e^logMagnitude · e^(exponent · s), where s = ln x. */
export interface FloatTerm {
  exponent: number;
  sign: number;
  logMagnitude: number;
}
export interface LogInterval {
  from: number;
  to: number;
  /** Proved: apart from a power of x the sum rises or falls throughout, so there is at most one root. */
  monotone: boolean;
}

/** Share of Σ|terms| that floating point may have lost: far more than it does, so that a doubt is never decided here. */
const SLACK = 1e-9;
/** Halvings, and intervals in doubt at one time, after which the rest is left to the exact search. */
const MAX_DEPTH = 30;
const MAX_DOUBTFUL = 512;

type Verdict = 'no-root' | 'monotone' | 'doubt';

/**
 * Taylor's bound about the middle m of [m − h, m + h] for F(δ) = Σ u·e^(kδ), k the exponent less a reference:
 * |F(δ) − F(0) − F′(0)δ| ≤ Σ|u|(e^(|k|h) − 1 − |k|h), and |F′(δ) − F′(0)| ≤ Σ|u k|(e^(|k|h) − 1).
 */
function judge(terms: readonly FloatTerm[], middle: number, half: number): Verdict {
  const logs = terms.map((term) => term.logMagnitude + term.exponent * middle);
  const top = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sizes = logs.map((log) => Math.exp(log - top));
  let size = 0;
  let moment = 0;
  for (const [index, term] of terms.entries()) {
    size += sizes[index] ?? 0;
    moment += (sizes[index] ?? 0) * term.exponent;
  }
  const reference = moment / size;
  let value = 0;
  let slope = 0;
  let slopeSize = 0;
  let valueRest = 0;
  let slopeRest = 0;
  for (const [index, term] of terms.entries()) {
    const u = sizes[index] ?? 0;
    const k = term.exponent - reference;
    const reach = Math.abs(k) * half;
    const growth = Math.expm1(reach);
    value += term.sign * u;
    slope += term.sign * u * k;
    slopeSize += u * Math.abs(k);
    valueRest += u * Math.max(0, growth - reach);
    slopeRest += u * Math.abs(k) * growth;
  }
  if (Math.abs(value) - Math.abs(slope) * half - valueRest > SLACK * size) return 'no-root';
  if (Math.abs(slope) - slopeRest > SLACK * slopeSize) return 'monotone';
  return 'doubt';
}

/**
 * Intervals of s = ln x, ascending, that together hold every root in [from, to]. Only what certainly
 * holds no root is left out.
 */
export function candidateIntervals(terms: readonly FloatTerm[], from: number, to: number): LogInterval[] {
  const kept: LogInterval[] = [];
  let doubtful: LogInterval[] = [{ from, to, monotone: false }];
  for (let depth = 0; doubtful.length > 0; depth++) {
    const last = depth === MAX_DEPTH || doubtful.length > MAX_DOUBTFUL;
    const halves: LogInterval[] = [];
    for (const interval of doubtful) {
      const middle = (interval.from + interval.to) / 2;
      const verdict = judge(terms, middle, (interval.to - interval.from) / 2);
      if (verdict === 'no-root') continue;
      if (verdict === 'monotone' || last) kept.push({ ...interval, monotone: verdict === 'monotone' });
      else halves.push({ ...interval, to: middle }, { ...interval, from: middle });
    }
    doubtful = halves;
  }
  return joined(kept.sort((a, b) => a.from - b.from));
}

/** Sign at s where floating point is certain of it, else 0. */
function certainSign(terms: readonly FloatTerm[], s: number): -1 | 0 | 1 {
  const logs = terms.map((term) => term.logMagnitude + term.exponent * s);
  const top = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let value = 0;
  let size = 0;
  for (const [index, term] of terms.entries()) {
    const u = Math.exp((logs[index] ?? 0) - top);
    value += term.sign * u;
    size += u;
  }
  return Math.abs(value) <= SLACK * size ? 0 : value < 0 ? -1 : 1;
}

/**
 * The part of a monotone interval that holds its root, found by halving as far as floating point can tell: what is left
 * needs few steps in 80 digits. An interval whose ends are in doubt or of one sign comes back as it is.
 */
export function narrowed(terms: readonly FloatTerm[], interval: LogInterval): LogInterval {
  const before = certainSign(terms, interval.from);
  if (before === 0 || certainSign(terms, interval.to) !== -before) return interval;
  let { from, to } = interval;
  for (let step = 0; step < MAX_DEPTH; step++) {
    const middle = (from + to) / 2;
    const sign = certainSign(terms, middle);
    if (sign === 0) break;
    if (sign === before) from = middle;
    else to = middle;
  }
  return { ...interval, from, to };
}

/** Neighbours in doubt become one: what troubles them is often one multiple root on their border. */
function joined(intervals: readonly LogInterval[]): LogInterval[] {
  const result: LogInterval[] = [];
  for (const interval of intervals) {
    const last = result.at(-1);
    if (last && last.to === interval.from && !last.monotone && !interval.monotone) last.to = interval.to;
    else result.push({ ...interval });
  }
  return result;
}
