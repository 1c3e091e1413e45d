/** Each family's units by their size in the family's base unit, as exact fractions: [numerator, denominator]. */
const FAMILIES: readonly Readonly<Record<string, readonly [number, number]>>[] = [
  {
    ns: [1, 1_000_000_000],
    us: [1, 1_000_000],
    ms: [1, 1000],
    s: [1, 1],
    min: [60, 1],
    h: [3600, 1],
    d: [86_400, 1],
  },
  {
    bytes: [1, 1],
    B: [1, 1],
    kB: [1000, 1],
    MB: [1e6, 1],
    GB: [1e9, 1],
    TB: [1e12, 1],
    KiB: [1024, 1],
    MiB: [1024 ** 2, 1],
    GiB: [1024 ** 3, 1],
    TiB: [1024 ** 4, 1],
  },
  { ratio: [1, 1], '%': [1, 100] },
  { J: [1, 1], Wh: [3600, 1], kWh: [3_600_000, 1], MWh: [3_600_000_000, 1] },
  { g: [1, 1], kg: [1000, 1], t: [1_000_000, 1] },
];

/** Units between which values are converted, by family. */
export const convertibleUnits: readonly (readonly string[])[] = FAMILIES.map((family) => Object.keys(family));

/**
 * What turns a value in `from` into one in `to`; null when the two measure different things. Counts in the decimal digits of
 * the value and divides once, so that 406 ms is 0.406 s and 72.540444 % is 0.72540444, as on paper.
 */
export function unitConversion(from: string, to: string): ((value: number) => number) | null {
  if (from === to) return (value) => value;
  for (const family of FAMILIES) {
    const source = family[from];
    const target = family[to];
    if (source === undefined || target === undefined) continue;
    const multiply = source[0] * target[1];
    const divide = source[1] * target[0];
    const common = divisor(multiply, divide);
    return (value) => scaled(value, multiply / common, divide / common);
  }
  return null;
}

const DECIMAL = /^(-?\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/** Both sides of the one division are whole and exact, and so its result is the nearest there is; else as near as doubles come. */
function scaled(value: number, multiply: number, divide: number): number {
  if (Number.isSafeInteger(value * multiply) && Number.isInteger(value)) return (value * multiply) / divide;
  const [, whole, fraction = '', exponent = '0'] = DECIMAL.exec(String(value)) ?? [];
  if (whole !== undefined) {
    const places = fraction.length - Number(exponent);
    const top = Number(whole + fraction) * multiply * 10 ** Math.max(0, -places);
    const bottom = divide * 10 ** Math.max(0, places);
    if (Number.isSafeInteger(top) && Number.isSafeInteger(bottom)) return top / bottom;
  }
  return (value * multiply) / divide;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
