import { type Decimal, plain } from '../money/decimal.ts';
import { addDays, earlier } from '../time/dates.ts';
import { type Period, periodAt, periodsTouching, periodsWithin } from '../time/periods.ts';
import { instantsOf, startOfDayMs } from '../time/zones.ts';
import type { LocalDate, Project, StoredSample, ValueMetric } from '../types.ts';
import { evidenceHash } from './evidence.ts';
import type { MetricReadings, PeriodReading, SideReading } from './outcome.ts';
import { readPeriod } from './reading.ts';
import type { MetricSamples, SampleSet } from './samples.ts';
import { joinRatio, type PreparedSeries, prepareSeries } from './series.ts';

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

/** Every period of a metric as of a date, and those of its baseline, read out of the samples. Pure. */
export function readMetric(
  project: Project,
  metric: ValueMetric,
  samples: MetricSamples | undefined,
  asOf: LocalDate,
): MetricReadings {
  const untilMs = startOfDayMs(addDays(asOf, 1), project.timeZone);
  const sides = prepareSides(project, metric, samples ?? null, untilMs);
  const frozen = samples?.frozen ? prepareSides(project, metric, { ...samples, ...samples.frozen }, untilMs) : sides;
  const { baseline } = metric;
  const window = baseline?.kind === 'window' ? periodsWithin(baseline.from, baseline.to, metric.cadence) : [];
  return {
    metricId: metric.id,
    periods: periodsTouching(firstShownDate(project, metric), addDays(asOf, 1), metric.cadence).map((period) =>
      readOne(project, metric, sides, period),
    ),
    baseline: window.map((period) => readOne(project, metric, frozen, period)),
    newestSampleAtMs: sides.main.newestMs,
    overlapping: sides.overlapping,
  };
}

interface Sides {
  main: PreparedSeries;
  exposure: PreparedSeries | null;
  control: PreparedSeries | null;
  overlapping: number;
  all: readonly StoredSample[];
}

function prepareSides(
  project: Project,
  metric: ValueMetric,
  samples: Pick<MetricSamples, 'source' | 'denominator' | 'exposure' | 'control'> | null,
  untilMs: number,
): Sides {
  const prepare = (set: SampleSet | null | undefined): PreparedSeries =>
    prepareSeries(set ?? { samples: [], intervalMs: null }, project.timeZone, untilMs);
  const source = prepare(samples?.source);
  return {
    main: metric.kind === 'ratio' && metric.denominator ? joinRatio(source, prepare(samples?.denominator)) : source,
    exposure: metric.exposure?.kind === 'series' ? prepare(samples?.exposure) : null,
    control: metric.counterfactual.kind === 'control' ? prepare(samples?.control) : null,
    overlapping: source.overlapping,
    all: [samples?.source, samples?.denominator, samples?.exposure, samples?.control].flatMap(
      (set) => set?.samples.filter(({ atMs }) => atMs < untilMs) ?? [],
    ),
  };
}

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
    exposure: side(sides.exposure, 'flow'),
    control: side(sides.control, metric.kind),
    evidenceHash: evidenceHash(sides.all.filter((sample) => touches(sample, fromMs, toMs))),
  };
}

const touches = (sample: StoredSample, fromMs: number, toMs: number): boolean =>
  sample.atMs < toMs && sample.atMs + Math.max(sample.durationMs, 1) > fromMs;
