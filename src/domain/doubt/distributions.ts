/**
 * Inverse distribution functions out of additions, multiplications, divisions and square roots alone: IEEE 754 rounds those the
 * same everywhere, while the last bit of `Math.log` is left to the engine. So the same seed gives the same bytes on every machine.
 */

const LN_2 = 0.6931471805599453;
const SERIES_TERMS = 20;

/** Natural logarithm of a positive, normal number: 2·atanh((m − 1)/(m + 1)) + k·ln 2 with m in [2/3, 4/3). */
export function naturalLog(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa < 2 / 3; exponent--) mantissa *= 2;
  for (; mantissa >= 4 / 3; exponent++) mantissa /= 2;
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  let tail = 0;
  for (let term = SERIES_TERMS; term >= 0; term--) tail = tail * square + 1 / (2 * term + 1);
  return 2 * ratio * tail + exponent * LN_2;
}

/** c₀ + c₁x + c₂x² + …, by Horner. */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let index = coefficients.length - 1; index >= 0; index--) value = value * x + (coefficients[index] as number);
  return value;
}

const CENTRE = [
  [
    3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
    67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
  ],
  [
    1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
    28729.085735721942674, 5226.495278852545925,
  ],
] as const;
const MIDDLE = [
  [
    1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
  ],
  [
    1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
    0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
  ],
] as const;
const TAIL = [
  [
    6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
    0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
  ],
  [
    1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
    1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
  ],
] as const;

/**
 * z with Φ(z) = p, for p in (0, 1), to about 16 digits: M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
 * A p of 0, which a generator may give, is taken as 2⁻⁵⁴.
 */
export function inverseNormal(p: number): number {
  const centred = p - 0.5;
  if (Math.abs(centred) <= 0.425) {
    const r = 0.180625 - centred * centred;
    return (centred * polynomial(CENTRE[0], r)) / polynomial(CENTRE[1], r);
  }
  const tail = Math.max(centred < 0 ? p : 1 - p, 2 ** -54);
  const r = Math.sqrt(-naturalLog(tail));
  const z =
    r <= 5
      ? polynomial(MIDDLE[0], r - 1.6) / polynomial(MIDDLE[1], r - 1.6)
      : polynomial(TAIL[0], r - 5) / polynomial(TAIL[1], r - 5);
  return centred < 0 ? -z : z;
}

/** Deviation from the middle, by the share p, of a symmetrical triangular distribution that ends at ±`halfWidth`. */
export function inverseTriangular(p: number, halfWidth: number): number {
  return p < 0.5 ? halfWidth * (Math.sqrt(2 * p) - 1) : halfWidth * (1 - Math.sqrt(2 * (1 - p)));
}

/** The value below which that share of the ascending values lies, straight lines between neighbours (Excel's PERCENTILE.INC). */
export function percentileOf(ascending: readonly number[], share: number): number {
  const position = (ascending.length - 1) * share;
  const below = Math.floor(position);
  const low = ascending[below] as number;
  const high = ascending[Math.min(below + 1, ascending.length - 1)] as number;
  return low + (high - low) * (position - below);
}
