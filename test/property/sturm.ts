/**
 * An independent count of internal rates of return: Sturm's theorem in exact integers, sharing nothing with the engine.
 * Counts distinct roots x = 1/(1 + r) of Σ flowᵢ·xⁱ for r in (−0.99, 10], that is x in [1/11, 100).
 */
export function countDistinctRoots(flows: readonly number[]): number {
  const polynomial = trimmed(flows.map(BigInt));
  if (polynomial.length < 2) return 0;
  const chain = sturmChain(polynomial);
  // Sturm counts (a, b]: the lower end is added, the upper one taken off again.
  const lower = { numerator: 1n, denominator: 11n };
  const upper = { numerator: 100n, denominator: 1n };
  return (
    variations(chain, lower) -
    variations(chain, upper) +
    (signAt(polynomial, lower) === 0 ? 1 : 0) -
    (signAt(polynomial, upper) === 0 ? 1 : 0)
  );
}

interface Fraction {
  numerator: bigint;
  denominator: bigint;
}

/** Without the zeros at either end: they are roots at zero, and a degree that is not there. */
function trimmed(polynomial: readonly bigint[]): bigint[] {
  const first = polynomial.findIndex((value) => value !== 0n);
  const last = polynomial.findLastIndex((value) => value !== 0n);
  return first < 0 ? [] : polynomial.slice(first, last + 1);
}

function withoutTail(polynomial: readonly bigint[]): bigint[] {
  return polynomial.slice(0, polynomial.findLastIndex((value) => value !== 0n) + 1);
}

function sturmChain(polynomial: bigint[]): bigint[][] {
  const chain = [polynomial, withoutTail(polynomial.map((value, index) => value * BigInt(index)).slice(1))];
  for (;;) {
    const rest = remainder(chain.at(-2) as bigint[], chain.at(-1) as bigint[]);
    if (rest.length === 0) return chain;
    chain.push(primitive(rest.map((value) => -value)));
  }
}

/** A positive multiple of the remainder of a by b. */
function remainder(a: readonly bigint[], b: readonly bigint[]): bigint[] {
  let rest = [...a];
  const lead = b.at(-1) as bigint;
  const sign = lead < 0n ? -1n : 1n;
  while (rest.length >= b.length) {
    const factor = (rest.at(-1) as bigint) * sign;
    const shift = rest.length - b.length;
    rest = withoutTail(rest.map((value, index) => value * lead * sign - factor * (b[index - shift] ?? 0n)));
  }
  return rest;
}

function primitive(polynomial: bigint[]): bigint[] {
  let divisor = 0n;
  for (const value of polynomial) divisor = gcd(divisor, value < 0n ? -value : value);
  return polynomial.map((value) => value / divisor);
}
function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

function signAt(polynomial: readonly bigint[], { numerator, denominator }: Fraction): number {
  const degree = polynomial.length - 1;
  let total = 0n;
  for (const [index, value] of polynomial.entries())
    total += value * numerator ** BigInt(index) * denominator ** BigInt(degree - index);
  return total === 0n ? 0 : total < 0n ? -1 : 1;
}

function variations(chain: readonly bigint[][], at: Fraction): number {
  const signs = chain.map((polynomial) => signAt(polynomial, at)).filter((sign) => sign !== 0);
  return signs.filter((sign, index) => index > 0 && sign !== signs[index - 1]).length;
}
