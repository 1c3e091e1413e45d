import { Decimal, ratioString } from '../money/decimal.ts';
import type { PeriodReading } from '../readings/outcome.ts';
import type { Counterfactual, MetricKind, ValueMetric } from '../types.ts';
import { type BaselineLevel, levelOf, weightOf, wholeReadings } from './baseline.ts';
import type { MetricContext } from './context.ts';
import { ratioOrNull } from './figures.ts';
import { type Fit, fitOf, leastSquares, type Point } from './least-squares.ts';
import type { CounterfactualFit } from './outputs.ts';
import { firstCountedPeriod, periodNumber } from './period-number.ts';

/** C of one period, in the metric's unit and for the whole of it. */
export interface Expected {
  value: Decimal | null;
  complete: boolean;
  provisional: boolean;
  /** What is not there, where there is no value. */
  because: string | null;
}
export interface CounterfactualModel {
  fit: CounterfactualFit | null;
  /** Why it is to be taken with care, for people. */
  weaknesses: string[];
  /** `previous`: the period before, which only a release looks at. */
  of(reading: PeriodReading, previous: PeriodReading | null): Expected;
}
export type CounterfactualLookup = { found: true; model: CounterfactualModel } | { found: false; because: string };

/** A trend through fewer is a guess: the EPOC group of Cochrane asks three points before an interruption, at the least. */
export const MIN_TREND_PERIODS = 3;
/** Below it, the fit leaves more than half of what varies in the window unexplained. */
export const WEAK_R_SQUARED = '0.5';

/** What would have been without the project, found from the baseline and its window. Refused where that would be a guess. */
export function counterfactualOf(context: MetricContext, baseline: BaselineLevel | null): CounterfactualLookup {
  const { metric } = context;
  const { counterfactual } = metric;
  if (metric.kind === 'stock' && metric.stockValuation === 'release') return releaseOf(context, baseline);
  if (counterfactual.kind === 'trend' && counterfactual.fit === 'given') return givenTrend(metric, counterfactual);
  if (baseline === null) return { found: false, because: whyNoBaseline(metric) };
  switch (counterfactual.kind) {
    case 'constant':
      return { found: true, model: { fit: null, weaknesses: [], of: () => known(baseline.value) } };
    case 'trend':
      return fittedTrend(context);
    case 'control':
      return controlOf(context, counterfactual.method);
  }
}

export function whyNoBaseline({ baseline }: ValueMetric): string {
  return baseline === null ? 'no baseline is declared' : 'the baseline window holds no complete period';
}

const known = (value: Decimal): Expected => ({ value, complete: true, provisional: false, because: null });
const unknown = (because: string): Expected => ({ value: null, complete: true, provisional: false, because });

/** `level` in the first period that counts, `change` more with each period after it. */
function givenTrend(
  metric: ValueMetric,
  { level, change }: Extract<Counterfactual, { fit: 'given' }>,
): CounterfactualLookup {
  const first = firstCountedPeriod(metric.cadence, metric.startsOn);
  const [start, step] = [new Decimal(level), new Decimal(change)];
  return {
    found: true,
    model: {
      fit: null,
      weaknesses: [],
      of: ({ from }) => {
        const after = periodNumber(metric.cadence, from) - first;
        return after < 0 ? unknown('the trend begins with the benefit') : known(start.plus(step.times(after)));
      },
    },
  };
}

/**
 * C = intercept + slope·x, x the number of the period counted from the window's first. Interrupted time series without the
 * interruption (Wagner et al. 2002, segmented regression; Bernal et al. 2017): the line of the time before, carried forward.
 * The window's periods weigh alike, but those of a ratio by their denominators: a quotient of few units is less certain in that
 * proportion, and a line without slope is then Σ/Σ, the baseline itself.
 */
function fittedTrend({ metric, readings }: MetricContext): CounterfactualLookup {
  const whole = wholeReadings(readings.baseline);
  const points: Point[] = whole.map((reading) => ({
    x: reading.index,
    y: new Decimal(reading.actual),
    weight: weightOf(reading),
  }));
  const line = points.length < MIN_TREND_PERIODS ? null : leastSquares(points);
  if (line === null)
    return {
      found: false,
      because: `a trend needs at least ${MIN_TREND_PERIODS} whole periods of the baseline window, and it holds ${points.length}`,
    };
  const at = (x: number): Decimal => line.intercept.plus(line.slope.times(x));
  const fit = fitOf(points, ({ x }) => at(x), 2);
  const first = periodNumber(metric.cadence, readings.baseline[0]?.from ?? metric.startsOn);
  return {
    found: true,
    model: {
      fit: fitOutput('least-squares', points.length, fit, {
        intercept: ratioString(line.intercept),
        slope: ratioString(line.slope),
      }),
      weaknesses: weaknessesOf('the trend', points.length, fit),
      of: ({ from }) => known(at(periodNumber(metric.cadence, from) - first)),
    },
  };
}

/**
 * C = control · (level / control's level) or control + (level − control's level), both levels over the window's periods in which
 * metric and control are whole. The difference is the classic difference in differences (Card and Krueger 1994), the ratio the same
 * for effects that multiply. A ratio's control is weighted by the metric's own denominators, as in direct standardisation:
 * what the metric's units would have come to at the control's quotients.
 */
function controlOf({ metric, readings }: MetricContext, method: 'ratio' | 'difference'): CounterfactualLookup {
  const pairs = wholeReadings(readings.baseline).flatMap((reading) => {
    const { control } = reading;
    return control !== null && control.actual !== null && control.complete && !control.provisional
      ? [{ y: new Decimal(reading.actual), c: new Decimal(control.actual), weight: weightOf(reading) }]
      : [];
  });
  if (pairs.length === 0)
    return {
      found: false,
      because: 'the baseline window holds no period in which both metric and control are complete',
    };
  const weights = pairs.map(({ weight }) => weight);
  const level = (pick: (pair: (typeof pairs)[number]) => Decimal): Decimal =>
    levelOf(metric.kind as MetricKind, pairs.map(pick), weights);
  const own = level(({ y }) => y);
  const other = level(({ c }) => c);
  if (method === 'ratio' && other.isZero())
    return {
      found: false,
      because: 'the control is zero over the baseline window, so that no factor brings it to the baseline',
    };
  const adjustment = method === 'ratio' ? own.div(other) : own.minus(other);
  const adjusted = (control: Decimal): Decimal =>
    method === 'ratio' ? control.times(adjustment) : control.plus(adjustment);
  const fit = fitOf(
    pairs.map(({ y, weight }, x) => ({ x, y, weight })),
    (_, index) => adjusted((pairs[index] as (typeof pairs)[number]).c),
    1,
  );
  return {
    found: true,
    model: {
      fit: fitOutput(`control-${method}`, pairs.length, fit, { adjustment: ratioString(adjustment) }),
      weaknesses: weaknessesOf('the control', pairs.length, fit),
      of: ({ control }) => {
        if (control === null || control.actual === null) return unknown('the control has no sample');
        return {
          value: adjusted(new Decimal(control.actual)),
          complete: control.complete,
          provisional: control.provisional,
          because: control.complete ? null : 'samples of the control are missing',
        };
      },
    },
  };
}

/**
 * C = Lₚ₋₁, the level at the end of the period before, so that the changes of successive periods add up to that of the whole time.
 * The first period that counts is compared with the end of the one before it, whatever moved until then being drift; where that
 * period is not among the readings, with the baseline's level.
 */
function releaseOf({ metric, readings }: MetricContext, baseline: BaselineLevel | null): CounterfactualLookup {
  if (baseline === null) return { found: false, because: whyNoBaseline(metric) };
  return {
    found: true,
    model: {
      fit: null,
      weaknesses: [],
      of: ({ from }, previous) => {
        const before = previous ?? readings.baseline.find(({ to }) => to === from) ?? null;
        if (before === null) return known(baseline.value);
        if (before.last === null) return unknown(`the level at the end of the period before ${from} is not known`);
        return { ...known(new Decimal(before.last)), provisional: before.provisional };
      },
    },
  };
}

function fitOutput(
  method: CounterfactualFit['method'],
  n: number,
  fit: Fit,
  found: Partial<CounterfactualFit>,
): CounterfactualFit {
  return {
    method,
    n,
    intercept: null,
    slope: null,
    adjustment: null,
    ...found,
    rSquared: ratioOrNull(fit.rSquared),
    residualSd: ratioOrNull(fit.residualSd),
  };
}

function weaknessesOf(what: string, n: number, { rSquared }: Fit): string[] {
  const weaknesses: string[] = [];
  if (n < MIN_TREND_PERIODS)
    weaknesses.push(`${what} rests on ${n} ${n === 1 ? 'period' : 'periods'} of the baseline window`);
  if (rSquared?.lt(WEAK_R_SQUARED))
    weaknesses.push(
      `${what} explains little of what varied in the baseline window (R² ${rSquared.toDecimalPlaces(2).toFixed()}, below ${WEAK_R_SQUARED})`,
    );
  return weaknesses;
}
