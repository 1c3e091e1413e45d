import { type Decimal, plain } from '../money/decimal.ts';
import { addDays, earlier } from '../time/dates.ts';
import { type Period, periodAt, periodsTouching, periodsWithin } from '../time/periods.ts';
import { instantsOf, startOfDayMs } from '../time/zones.ts';
import type { LocalDate, Project, ValueMetric } from '../types.ts';
import { evidenceHash } from './evidence.ts';
import type { MetricFacts, SeriesFacts } from './facts.ts';
import type { MetricReadings, PeriodReading, SideReading } from './outcome.ts';
import { readPeriod } from './reading.ts';
import type { MetricSamples, SampleSet } from './samples.ts';
import { evidenceIn, factsOfSet, joinRatio, type PreparedSeries, prepareSeries, type Series } from './series.ts';

/** First date that a metric's periods are listed from. */
export function firstShownDate(project: Project, metric: ValueMetric): LocalDate {
  return earlier(project.startsOn, metric.startsOn);
}

/**
 * The samples that reading a metric as of a date needs: from its first period or its baseline's, whichever is
 * earlier, to the end of `asOf`. A week more at the start, for samples that began before.
 */
export function evidenceRange(
  project: Project,
  metric: ValueMetric,
  asOf: LocalDate,
): { fromMs: number; toMs: number } {
  const first = periodAt(firstShownDate(project, metric), metric.cadence).from;
  const start = metric.baseline?.kind === 'window' ? earlier(first, metric.baseline.from) : first;
  return {
    fromMs: startOfDayMs(addDays(start, -7), project.timeZone),
    toMs: startOfDayMs(addDays(asOf, 1), project.timeZone),
  };
}

/** Raised when the same samples would give other readings. Kept readings of another version are read anew. */
export const readingVersion = '4';

/** Every period of a metric as of a date, and those of its baseline, read out of the samples. Pure. */
export function readMetric(
  project: Project,
  metric: ValueMetric,
  samples: MetricSamples | undefined,
  asOf: LocalDate,
): MetricReadings {
  return readWholly(project, metric, samples, asOf).readings;
}

/** The same, with what was found out about the series: by it single periods can be read again. */
export function readWholly(
  project: Project,
  metric: ValueMetric,
  samples: MetricSamples | undefined,
  asOf: LocalDate,
): { readings: MetricReadings; facts: MetricFacts } {
  const untilMs = endOfDayMs(asOf, project.timeZone);
  const sides = prepareSides(project, metric, samples ?? null, untilMs, null);
  const periods = shownPeriods(project, metric, asOf).map((period) => readOne(project, metric, sides, period));
  return {
    readings: {
      metricId: metric.id,
      periods,
      baseline: samples?.frozen
        ? readFrozenBaseline(project, metric, samples.frozen, asOf)
        : baselinePeriods(metric).map((period) => readOne(project, metric, sides, period)),
      newestSampleAtMs: sides.main.newestMs,
      notCombinable: countNotCombinable(periods),
      overlapping: sides.overlapping,
    },
    facts: sides.facts,
  };
}

/** Single periods, from the samples near them: those that begin in one and of each series the last evidence before it. */
export function readPeriods(
  project: Project,
  metric: ValueMetric,
  samples: MetricSamples,
  facts: MetricFacts,
  periods: readonly Period[],
  asOf: LocalDate,
): { periods: PeriodReading[]; newestSampleAtMs: number | null; overlapping: number } {
  const sides = prepareSides(project, metric, samples, endOfDayMs(asOf, project.timeZone), facts);
  return {
    periods: periods.map((period) => readOne(project, metric, sides, period)),
    newestSampleAtMs: sides.main.newestMs,
    overlapping: sides.overlapping,
  };
}

/** The baseline's window from its samples as they were known when it was frozen. */
export function readFrozenBaseline(
  project: Project,
  metric: ValueMetric,
  frozen: NonNullable<MetricSamples['frozen']>,
  asOf: LocalDate,
): PeriodReading[] {
  const { baseline } = metric;
  const window = baselinePeriods(metric);
  if (baseline?.kind !== 'window') return [];
  const untilMs = Math.min(endOfDayMs(asOf, project.timeZone), startOfDayMs(baseline.to, project.timeZone));
  const sides = prepareSides(project, metric, { ...frozen, exposure: null }, untilMs, null);
  return window.map((period) => readOne(project, metric, sides, period));
}

/** From the first shown period to the one that holds `asOf`. */
export function shownPeriods(project: Project, metric: ValueMetric, asOf: LocalDate): Period[] {
  return periodsTouching(firstShownDate(project, metric), addDays(asOf, 1), metric.cadence);
}

/** Whole periods of the baseline's window. */
export function baselinePeriods({ baseline, cadence }: ValueMetric): Period[] {
  return baseline?.kind === 'window' ? periodsWithin(baseline.from, baseline.to, cadence) : [];
}

/** From when on what is recorded changes a baseline no more; null: it is not frozen. */
export function frozenUntilMs(project: Project, { baseline }: ValueMetric): number | null {
  const frozenOn = baseline?.kind === 'window' ? baseline.frozenOn : null;
  return frozenOn === null ? null : endOfDayMs(frozenOn, project.timeZone);
}

export const countNotCombinable = (periods: readonly PeriodReading[]): number =>
  periods.filter(({ combinable }) => !combinable).length;

const endOfDayMs = (date: LocalDate, timeZone: string): number => startOfDayMs(addDays(date, 1), timeZone);

interface Sides {
  main: PreparedSeries;
  exposure: PreparedSeries | null;
  control: PreparedSeries | null;
  overlapping: number;
  facts: MetricFacts;
  /** Every series whose samples are evidence, with the part that it plays. */
  all: readonly { role: string; series: readonly Series[] }[];
}

function prepareSides(
  project: Project,
  metric: ValueMetric,
  samples: Pick<MetricSamples, 'source' | 'denominator' | 'exposure' | 'control'> | null,
  untilMs: number,
  known: MetricFacts | null,
): Sides {
  const joined = metric.kind === 'ratio' && metric.denominator !== null;
  const sets = {
    source: samples?.source,
    denominator: joined ? samples?.denominator : null,
    exposure: metric.exposure?.kind === 'series' ? samples?.exposure : null,
    control: metric.counterfactual.kind === 'control' ? samples?.control : null,
  };
  const factsOf = (role: keyof typeof sets): SeriesFacts[] =>
    known?.[role] ?? factsOfSet(sets[role] ?? NO_SAMPLES, untilMs);
  const prepare = (role: keyof typeof sets): PreparedSeries =>
    prepareSeries(sets[role] ?? NO_SAMPLES, project.timeZone, untilMs, facts[role]);
  const facts: MetricFacts = {
    source: factsOf('source'),
    denominator: factsOf('denominator'),
    exposure: factsOf('exposure'),
    control: factsOf('control'),
    joinedFirstMs: known?.joinedFirstMs ?? null,
  };
  const [source, denominator, exposure, control] = [
    prepare('source'),
    prepare('denominator'),
    prepare('exposure'),
    prepare('control'),
  ];
  const main = joined ? joinRatio(source, denominator, facts.joinedFirstMs) : source;
  return {
    main,
    exposure: metric.exposure?.kind === 'series' ? exposure : null,
    control: metric.counterfactual.kind === 'control' ? control : null,
    overlapping: [source, denominator, exposure, control].reduce((sum, side) => sum + side.overlapping, 0),
    facts: joined ? { ...facts, joinedFirstMs: main.series[0]?.firstMs ?? null } : facts,
    all: Object.entries({ source, denominator, exposure, control }).map(([role, { series }]) => ({ role, series })),
  };
}

const NO_SAMPLES: SampleSet = { samples: [], intervalMs: null };
const written = (value: Decimal | null): string | null => value && plain(value);

function readOne(project: Project, metric: ValueMetric, sides: Sides, period: Period): PeriodReading {
  const { fromMs, toMs } = instantsOf(period, project.timeZone);
  const reading = readPeriod(sides.main, metric.kind, fromMs, toMs);
  const side = (series: PreparedSeries | null, kind: ValueMetric['kind']): SideReading | null => {
    if (series === null) return null;
    const { actual, complete, share, provisional } = readPeriod(series, kind, fromMs, toMs);
    return { actual: written(actual), complete, share: plain(share), provisional };
  };
  return {
    ...period,
    actual: written(reading.actual),
    last: metric.kind === 'stock' ? written(reading.last) : null,
    denominator: written(reading.denominator),
    received: reading.received,
    expected: reading.expected,
    complete: reading.complete,
    share: plain(reading.share),
    provisional: reading.provisional,
    revision: reading.revision,
    combinable: reading.combinable,
    exposure: side(sides.exposure, 'flow'),
    control: side(sides.control, metric.kind),
    evidenceHash: evidenceHash(
      sides.all.flatMap(({ role, series }) =>
        series.flatMap((one) => evidenceIn(one, fromMs, toMs).map((sample) => ({ role, sample }))),
      ),
    ),
  };
}
