import { Decimal } from '../money/decimal.ts';
import { addMonths, daysBetween } from '../time/dates.ts';
import type { Project } from '../types.ts';
import { wholeYears } from '../value/drop-off.ts';
import { presentValueOf } from '../value/present-value.ts';
import type { Valuation } from '../value/valuation.ts';
import { valuateMetric } from '../value/value-parts.ts';
import { confidenceHalfWidth } from './assumptions.ts';
import { inverseNormal, inverseTriangular } from './distributions.ts';
import type { MetricProfile } from './metric-profile.ts';

/** One thing that NPV depends on, alone: all others stay as they are. */
export interface Driver {
  driver: string;
  name: string;
  base: Decimal;
  low: Decimal;
  high: Decimal;
  /** Where low and high come from. */
  range: string;
  /** Where a switching value may lie. */
  bounds: { least: Decimal; most: Decimal };
  /** NPV with the driver at a value. */
  npvAt(value: Decimal): Decimal;
  /** A straight line between bounds, so that two values say all. */
  isLinear: boolean;
  /** How many values on the way to each bound are looked at for a change of sign. */
  strides: number;
  /** Values that mean something are whole. */
  isWhole: boolean;
}

const NOTHING = new Decimal(0);
const WHOLE = new Decimal(1);
/** Of shares that no distribution is known for. */
const POINTS = '0.1';
/** Of amounts that no distribution is known for. */
const RELATIVE = '0.1';
const DISCOUNT_POINTS = '0.02';
/** An amount's switching value is sought up to this many times its own. */
const MOST_TIMES = 100;
const HIGHEST_DISCOUNT = new Decimal(1);
const LOWEST_DISCOUNT = new Decimal('-0.5');
const DELAY_MONTHS = 3;
const STRIDES = 20;
/** Each discount rate takes fractional powers of its own. */
const DISCOUNT_STRIDES = 7;

/** Everything that a project's NPV to date can be asked about. */
export function driversOf(valuation: Valuation, profiles: readonly MetricProfile[]): Driver[] {
  const { benefits, costs } = valuation.presentValue;
  const npv = benefits.minus(costs);
  return [
    ...profiles.flatMap((profile) => metricDrivers(valuation, profile, npv)),
    ...costDriver(valuation, npv),
    ...discountDriver(valuation),
    ...delayDriver(valuation, profiles, npv),
  ];
}

type ShareField = 'attribution' | 'deadweight' | 'displacement' | 'dropOff';
const SHARE_NAMES: Record<ShareField, string> = {
  attribution: 'attribution',
  deadweight: 'deadweight',
  displacement: 'displacement',
  dropOff: 'drop-off a year',
};

function metricDrivers(valuation: Valuation, profile: MetricProfile, npv: Decimal): Driver[] {
  const { metric, gains, losses } = profile;
  const q = new Decimal(metric.confidence);
  const own = gains.times(q).plus(losses);
  const others = npv.minus(own);
  const byYears = worthByYears(profile);
  const fields: ShareField[] = ['attribution', 'displacement', 'dropOff'];
  // What the counterfactual holds already must not be taken off twice.
  if (metric.counterfactual.kind === 'constant') fields.push('deadweight');
  const drivers = fields.map((field): Driver => {
    const base = new Decimal(metric[field]);
    return {
      driver: `${metric.id}.${field === 'dropOff' ? 'drop-off' : field}`,
      name: `${metric.name}: ${SHARE_NAMES[field]}`,
      base,
      low: Decimal.max(NOTHING, base.minus(POINTS)),
      high: Decimal.min(WHOLE, base.plus(POINTS)),
      range: '± 10 points, within 0 and 1',
      bounds: { least: NOTHING, most: WHOLE },
      npvAt: (value) => others.plus(ownWith(valuation, profile, byYears, { field, base, value, own })),
      isLinear: field !== 'dropOff',
      strides: STRIDES,
      isWhole: false,
    };
  });
  return [
    ...drivers,
    ...confidenceDriver(profile, others),
    ...rateDriver(profile, others, own),
    ...levelDriver(profile, others),
  ];
}

/** What the metric alone is worth with one share changed: shares multiply, so that a known multiple is scaled. */
function ownWith(
  { input }: Valuation,
  { metric }: MetricProfile,
  byYears: readonly Decimal[],
  { field, base, value, own }: { field: ShareField; base: Decimal; value: Decimal; own: Decimal },
): Decimal {
  const multiplier = (share: Decimal): Decimal => (field === 'attribution' ? share : WHOLE.minus(share));
  if (value.eq(base)) return own;
  if (!multiplier(base).isZero()) {
    const scale = multiplier(value).div(multiplier(base));
    return field === 'dropOff' ? droppedOff(byYears, scale) : own.times(scale);
  }
  const readings = input.metrics.find(({ metricId }) => metricId === metric.id);
  if (readings === undefined) return own;
  return valuateMetric(input, { ...metric, [field]: value.toFixed() }, readings).presentValue.benefits;
}

/** What each whole year since the start brought. */
function worthByYears({ metric: { startsOn }, periods }: MetricProfile): Decimal[] {
  const byYears: Decimal[] = [];
  for (const { from, presentValue } of periods) {
    const years = wholeYears(startsOn, from);
    byYears[years] = (byYears[years] ?? NOTHING).plus(presentValue);
  }
  return byYears;
}

/** A drop-off is taken once for each whole year since the start. */
function droppedOff(byYears: readonly Decimal[], scale: Decimal): Decimal {
  return byYears.reduce((total, worth, years) => total.plus(worth.times(scale.pow(years))), NOTHING);
}

function confidenceDriver({ metric, gains, losses }: MetricProfile, others: Decimal): Driver[] {
  const base = new Decimal(metric.confidence);
  const half = confidenceHalfWidth(metric.confidence);
  const [low, high] = half.isZero()
    ? [Decimal.max(NOTHING, base.minus(POINTS)), Decimal.min(WHOLE, base.plus(POINTS))]
    : [0.1, 0.9].map((share) => base.plus(inverseTriangular(share, half.toNumber())).toDecimalPlaces(6));
  return [
    {
      driver: `${metric.id}.confidence`,
      name: `${metric.name}: confidence`,
      base,
      low: low as Decimal,
      high: high as Decimal,
      range: half.isZero() ? '± 10 points, within 0 and 1' : 'P10 and P90 of its distribution',
      bounds: { least: NOTHING, most: WHOLE },
      npvAt: (value) => others.plus(gains.times(value)).plus(losses),
      isLinear: true,
      strides: STRIDES,
      isWhole: false,
    },
  ];
}

/** All rates of a metric move together; written as the newest one, in its own currency. */
function rateDriver({ metric }: MetricProfile, others: Decimal, own: Decimal): Driver[] {
  const newest = [...metric.rates].sort((a, b) => (a.from < b.from ? 1 : -1))[0];
  const base = new Decimal(newest?.amount ?? 0);
  if (newest === undefined || base.isZero()) return [];
  return [
    {
      driver: `${metric.id}.rate`,
      name: `${metric.name}: rate in ${newest.currency}${metric.rates.length > 1 ? ', all in proportion' : ''}`,
      base,
      ...aroundAmount(base),
      npvAt: (value) => others.plus(own.times(value).div(base)),
      isLinear: true,
      strides: STRIDES,
      isWhole: false,
    },
  ];
}

function aroundAmount(base: Decimal): Pick<Driver, 'low' | 'high' | 'range' | 'bounds'> {
  const part = base.abs().times(RELATIVE);
  return {
    low: base.minus(part),
    high: base.plus(part),
    range: '± 10 %',
    bounds: { least: NOTHING, most: base.abs().times(MOST_TIMES) },
  };
}

const Z_90 = inverseNormal(0.9);

function levelDriver({ metric, level, level0, step, curve }: MetricProfile, others: Decimal): Driver[] {
  if (step.isZero()) return [];
  const q = Number(metric.confidence);
  const isKnown = level !== null && !level.standardError.isZero();
  const reach = isKnown ? step.times(Z_90) : step;
  const span = level0.abs().plus(step).times(MOST_TIMES);
  return [
    {
      driver: `${metric.id}.counterfactual`,
      name: `${metric.name}: counterfactual level`,
      base: level0,
      low: level0.minus(reach).toDecimalPlaces(6),
      high: level0.plus(reach).toDecimalPlaces(6),
      range: isKnown ? 'P10 and P90 of its distribution' : '± 10 %',
      bounds: { least: level0.minus(span), most: level0.plus(span) },
      npvAt(value) {
        const { gains, losses } = curve(value.minus(level0).div(step).toNumber());
        return others.plus(q * gains + losses);
      },
      isLinear: false,
      strides: STRIDES,
      isWhole: false,
    },
  ];
}

function costDriver({ costs, presentValue }: Valuation, npv: Decimal): Driver[] {
  const base = costs.toDate;
  if (base === null || base.isZero()) return [];
  return [
    {
      driver: 'cost',
      name: 'Cost to date, all lines in proportion',
      base,
      ...aroundAmount(base),
      npvAt: (value) => npv.plus(presentValue.costs).minus(presentValue.costs.times(value).div(base)),
      isLinear: true,
      strides: STRIDES,
      isWhole: false,
    },
  ];
}

/** The schedule moves as a whole, and is written as its first rate. A convention with rates of its own has no such driver. */
function discountDriver({ input, flows }: Valuation): Driver[] {
  const { project } = input;
  const first = project.discount[0];
  if (first === undefined || flows.length === 0) return [];
  const base = new Decimal(first.rate);
  return [
    {
      driver: 'discount-rate',
      name: `Discount rate${project.discount.length > 1 ? ', the whole schedule with it' : ''}`,
      base,
      low: Decimal.max(NOTHING, base.minus(DISCOUNT_POINTS)),
      high: base.plus(DISCOUNT_POINTS),
      range: '± 2 points, not below 0',
      bounds: { least: LOWEST_DISCOUNT, most: HIGHEST_DISCOUNT },
      npvAt(value) {
        const discount = project.discount.map((step) => ({
          ...step,
          rate: Decimal.max(LOWEST_DISCOUNT, value.minus(base).plus(step.rate)).toFixed(),
        }));
        const { benefits, costs } = presentValueOf({ ...project, discount }, flows);
        return benefits.minus(costs);
      },
      isLinear: false,
      strides: DISCOUNT_STRIDES,
      isWhole: false,
    },
  ];
}

/**
 * Every benefit begins so many months later: the periods before are lost. Left out where a benefit also depends on when it began
 * (a drop-off, a trend given from its first period), for then the later ones change too.
 */
function delayDriver({ input }: Valuation, profiles: readonly MetricProfile[], npv: Decimal): Driver[] {
  const dependsOnStart = profiles.some(
    ({ metric: { dropOff, counterfactual } }) =>
      !new Decimal(dropOff).isZero() || (counterfactual.kind === 'trend' && counterfactual.fit === 'given'),
  );
  if (profiles.length === 0 || dependsOnStart) return [];
  return [
    {
      driver: 'start-delay',
      name: 'Months that all benefits start later',
      base: NOTHING,
      low: NOTHING,
      high: new Decimal(DELAY_MONTHS),
      range: '0 to 3 months',
      bounds: { least: NOTHING, most: monthsOf(input.project) },
      npvAt: (months) =>
        profiles.reduce((left, { metric, periods }) => {
          const start = addMonths(metric.startsOn, months.toNumber());
          return periods.reduce((sum, period) => (period.from < start ? sum.minus(period.presentValue) : sum), left);
        }, npv),
      isLinear: false,
      strides: STRIDES,
      isWhole: true,
    },
  ];
}

function monthsOf({ startsOn, horizonEndsOn }: Project): Decimal {
  return new Decimal(Math.ceil(Math.max(0, daysBetween(startsOn, horizonEndsOn)) / 30));
}
