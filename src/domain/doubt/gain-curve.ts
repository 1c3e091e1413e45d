/** A period's worth in the prices of the project's start: `base` + `slope`·shift before confidence. */
export interface ShiftedPeriod {
  base: number;
  slope: number;
}
/** What gains and what losses come to; confidence applies to gains only. */
export interface GainsAndLosses {
  gains: number;
  losses: number;
}

/**
 * Gains and losses of a metric's periods as functions of one shift of its counterfactual. Each period is a straight line, so each sum
 * is piecewise linear: the lines are sorted by where they cross zero and added up once; a draw costs two searches, however many
 * periods there are.
 */
export function gainCurveOf(periods: readonly ShiftedPeriod[]): (shift: number) => GainsAndLosses {
  const rising = crossings(periods.filter(({ slope }) => slope > 0));
  const falling = crossings(periods.filter(({ slope }) => slope < 0));
  let flatGains = 0;
  let flatLosses = 0;
  for (const { base, slope } of periods) {
    if (slope !== 0) continue;
    if (base > 0) flatGains += base;
    else flatLosses += base;
  }
  return (shift) => {
    const [rises, falls] = [rising(shift), falling(shift)];
    return { gains: flatGains + rises.below + falls.above, losses: flatLosses + rises.above + falls.below };
  };
}

/** Sums of the lines that cross zero below a shift, and of the others. */
function crossings(periods: readonly ShiftedPeriod[]): (shift: number) => { below: number; above: number } {
  const lines = periods
    .map(({ base, slope }) => ({ base, slope, crossing: -base / slope }))
    .sort((a, b) => a.crossing - b.crossing);
  const bases = [0];
  const slopes = [0];
  for (const [index, { base, slope }] of lines.entries()) {
    bases.push((bases[index] as number) + base);
    slopes.push((slopes[index] as number) + slope);
  }
  const [base, slope] = [bases.at(-1) as number, slopes.at(-1) as number];
  return (shift) => {
    let low = 0;
    let high = lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((lines[middle]?.crossing as number) < shift) low = middle + 1;
      else high = middle;
    }
    const [b, s] = [bases[low] as number, slopes[low] as number];
    return { below: b + s * shift, above: base - b + (slope - s) * shift };
  };
}
