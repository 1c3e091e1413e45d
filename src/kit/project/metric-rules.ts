import { periodsWithin } from '../../domain/index.ts';
import { compareDecimals } from '../units.ts';
import { benefitStart, horizonPaths, properHorizonEnd } from './defaults.ts';
import type { MetricInput } from './metric-schema.ts';
import type { ProblemCollector, ProblemPath } from './problem.ts';
import type { ProjectInput } from './schema.ts';
import { checkStretches } from './stretches.ts';

/** Fewer points make no line. */
const MIN_TREND_PERIODS = 3;

export interface MetricAt {
  project: ProjectInput;
  metric: MetricInput;
  /** Leads to the metric. */
  at: ProblemPath;
  collector: ProblemCollector;
}

export function checkMetric(input: MetricAt): void {
  checkKind(input);
  checkBaseline(input);
  checkCounterfactual(input);
  checkDates(input);
  checkRates(input);
  checkFactors(input);
}

/** What belongs to one kind of metric only. */
function checkKind({ metric, at, collector: { invalid } }: MetricAt): void {
  const { kind } = metric;
  const restsOn = [[...at, 'kind']];
  const foreign = (key: string, others: string): void =>
    invalid([...at, key], `belongs to ${others} metrics only; this one is a ${kind}`, { restsOn });
  if (metric.denominator !== undefined && kind !== 'ratio') foreign('denominator', 'ratio');
  if (metric.exposure !== undefined && kind !== 'ratio' && kind !== 'percentile')
    foreign('exposure', 'ratio and percentile');
  if (metric.stockValuation !== undefined && kind !== 'stock') foreign('stockValuation', 'stock');
  if (kind === 'percentile' && metric.exposure === undefined && metric.rates.length > 0)
    invalid([...at, 'exposure'], 'is required: a rate is for one unit, and a percentile does not say for how many', {
      restsOn,
    });
  for (const [index, { perPeriod }] of metric.rates.entries()) {
    if (perPeriod === undefined) continue;
    const path = [...at, 'rates', index, 'perPeriod'];
    if (kind !== 'stock') invalid(path, `belongs to stock metrics only; this one is a ${kind}`, { restsOn });
    else if (metric.stockValuation === 'release')
      invalid(path, 'belongs to a stock that is held; here each release counts once', {
        seeAlso: [...at, 'stockValuation'],
        restsOn: [[...at, 'stockValuation']],
      });
  }
}

/** Periods of the cadence that lie wholly within the window; null without a proper window. */
function windowPeriods({ baseline, cadence }: MetricInput): number | null {
  if (baseline?.from === undefined || baseline.to === undefined || baseline.from >= baseline.to) return null;
  return periodsWithin(baseline.from, baseline.to, cadence).length;
}

function checkBaseline({ metric, at, collector }: MetricAt): void {
  const { invalid, add } = collector;
  const { baseline, cadence } = metric;
  const path = [...at, 'baseline'];
  if (baseline === undefined) return checkNoBaseline(metric, at, collector);
  const { value, from, to, frozenOn } = baseline;
  const isWindow = from !== undefined || to !== undefined;
  if (value !== undefined && isWindow) invalid(path, 'expected either value, or from and to: not both');
  else if (value === undefined && !isWindow) invalid(path, 'expected value, or from and to');
  else if (isWindow && from === undefined) invalid([...path, 'from'], 'is required with to');
  else if (isWindow && to === undefined) invalid([...path, 'to'], 'is required with from');
  if (isWindow && value === undefined)
    for (const key of ['n', 'sd'] as const)
      if (baseline[key] !== undefined) invalid([...path, key], 'belongs to a value; of a window it is measured');
  const restsOn = [[...path, 'from']];
  if (from !== undefined && to !== undefined) {
    if (from >= to)
      invalid([...path, 'to'], `the baseline ends on ${to}, which is not after its start on ${from}`, { restsOn });
    else if (windowPeriods(metric) === 0)
      add(path, 'value/no-baseline', `the window ${from} to ${to} holds no whole ${cadence}; widen it`, {
        restsOn: [[...at, 'cadence']],
      });
  }
  // `to` is excluded: on the day before it the window's last samples come in.
  if (to !== undefined && frozenOn !== undefined && frozenOn < to && (from === undefined || from < to))
    invalid([...path, 'frozenOn'], `the baseline is frozen on ${frozenOn}, before its window is over on ${to}`, {
      restsOn: [[...path, 'to']],
      seeAlso: [...path, 'to'],
    });
  if (metric.rates.length === 0 && isMoney(metric))
    add(at, 'value/no-baseline', 'has a baseline but no rates: it is tracked, not monetised', {
      severity: 'warning',
      restsOn: [[...at, 'rates']],
    });
}

const isMoney = ({ benefitClass }: MetricInput): boolean =>
  benefitClass === 'cash-releasing' || benefitClass === 'non-cash-releasing';

function checkNoBaseline(metric: MetricInput, at: ProblemPath, { add }: ProblemCollector): void {
  // A class that is never money needs no baseline, and a line that is given is one.
  if (!isMoney(metric) || isGivenTrend(metric)) return;
  const restsOn = [
    [...at, 'baseline'],
    [...at, 'benefitClass'],
    [...at, 'counterfactual'],
  ];
  if (metric.rates.length > 0)
    add(
      at,
      'value/no-baseline',
      'has rates but no baseline: write baseline { value } or { from, to }, or leave out the rates to track it only',
      { seeAlso: [...at, 'rates'], restsOn },
    );
  else
    add(at, 'value/no-baseline', 'has neither baseline nor rates: it is tracked, not monetised', {
      severity: 'warning',
      restsOn: [...restsOn, [...at, 'rates']],
    });
}

const isGivenTrend = ({ counterfactual }: MetricInput): boolean =>
  counterfactual !== 'constant' && 'trend' in counterfactual && counterfactual.trend !== 'window';

function checkCounterfactual({ metric, at, collector: { invalid } }: MetricAt): void {
  const { counterfactual, deadweight, baseline, source } = metric;
  if (counterfactual === 'constant') return;
  const path = [...at, 'counterfactual'];
  const what = 'trend' in counterfactual ? 'trend' : 'control';
  if (compareDecimals(deadweight, '0') > 0)
    invalid(
      [...at, 'deadweight'],
      `a counterfactual ${what} says already what would have happened anyway: write one of the two`,
      { seeAlso: path, restsOn: [path] },
    );
  const measured = [...path, what];
  if (metric.kind === 'percentile' && what === 'trend' && !isGivenTrend(metric))
    invalid(
      [...path, 'trend'],
      'a line through percentiles averages them, which says nothing; write trend: { level, change }',
      { restsOn: [[...at, 'kind']] },
    );
  if (metric.kind === 'stock' && metric.stockValuation === 'release')
    invalid(
      path,
      `a release counts changes of the level itself, so that a ${what} has no place in it; write constant`,
      {
        seeAlso: [...at, 'stockValuation'],
        restsOn: [
          [...at, 'kind'],
          [...at, 'stockValuation'],
        ],
      },
    );
  const restsOn = [
    [...at, 'baseline', 'from'],
    [...at, 'baseline', 'to'],
    [...at, 'cadence'],
  ];
  if (!isGivenTrend(metric)) {
    const periods = windowPeriods(metric);
    const purpose = what === 'trend' ? 'the line is drawn through' : 'the control series is compared over';
    // A window with its ends the wrong way round has a problem of its own.
    if (baseline?.from === undefined || baseline.to === undefined)
      invalid(measured, `needs a baseline with from and to, the window that ${purpose}`, {
        restsOn,
        ...(baseline === undefined ? {} : { seeAlso: [...at, 'baseline'] }),
      });
    else if (what === 'trend' && periods !== null && periods < MIN_TREND_PERIODS)
      invalid(
        measured,
        `needs at least ${MIN_TREND_PERIODS} whole ${metric.cadence}s in the baseline window, which holds ${periods}`,
        { seeAlso: [...at, 'baseline'], restsOn },
      );
  }
  if (!('control' in counterfactual)) return;
  const { connector, stream, labels } = counterfactual.control;
  if (
    connector === source.connector &&
    stream === source.stream &&
    (holds(labels, source.labels) || holds(source.labels, labels))
  )
    invalid(
      [...path, 'control'],
      "is (or contains, or is a part of) the metric's own source: name a series that the project does not touch",
      { seeAlso: [...at, 'source'], restsOn: [[...at, 'source']] },
    );
}

const holds = (all: Record<string, string>, some: Record<string, string>): boolean =>
  Object.entries(some).every(([name, value]) => Object.hasOwn(all, name) && all[name] === value);

function checkDates({ project, metric, at, collector: { invalid } }: MetricAt): void {
  const { baseline, startsOn, endsOn, target } = metric;
  if (metric.start !== undefined && startsOn !== undefined)
    invalid([...at, 'startsOn'], 'start says it already: write one of the two', { seeAlso: [...at, 'start'] });
  const start = benefitStart(metric, project)?.startsOn;
  if (start === undefined) return;
  const startPath = metric.start === undefined ? [...at, 'startsOn'] : [...at, 'start'];
  const deliverable = metric.start === undefined ? [] : [['deliverables', metric.start.deliverable]];
  const restsOn: ProblemPath[] = [startPath, ['startsOn'], [...at, 'baseline', 'to'], ...deliverable];
  const isWritten = startsOn !== undefined || metric.start !== undefined;
  const properWindow = baseline?.from !== undefined && baseline.to !== undefined && baseline.from < baseline.to;
  if (isWritten && properWindow && baseline.to !== undefined && start < baseline.to)
    invalid(startPath, `the benefit starts on ${start}, before the baseline ends on ${baseline.to}`, {
      restsOn,
      seeAlso: [...at, 'baseline'],
    });
  if (isWritten && start < project.startsOn)
    invalid(startPath, `the benefit starts on ${start}, before the project starts on ${project.startsOn}`, {
      restsOn,
      seeAlso: ['startsOn'],
    });
  if (endsOn !== undefined && endsOn <= start)
    invalid([...at, 'endsOn'], `the benefit ends on ${endsOn}, which is not after its start on ${start}`, { restsOn });
  if (target !== undefined && target.by < start)
    invalid([...at, 'target', 'by'], `the target is due on ${target.by}, before the benefit starts on ${start}`, {
      restsOn,
    });
  const end = properHorizonEnd(project);
  if (end !== null && start >= end)
    invalid(startPath, `the benefit starts on ${start}, but the horizon ends on ${end}: none of it will count`, {
      severity: 'warning',
      restsOn: [...restsOn, ...horizonPaths],
    });
}

function checkRates({ metric, at, collector: { invalid } }: MetricAt): void {
  const path = (index: number, key: string): (string | number)[] => [...at, 'rates', index, key];
  checkStretches(
    metric.rates.map((rate, index) => ({ from: rate.from, to: rate.to, index })),
    (index, end, message, other) =>
      invalid(path(index, end), message, {
        restsOn: [path(index, 'from'), path(index, 'to'), ...(other === undefined ? [] : [[...at, 'rates', other]])],
        ...(other === undefined ? {} : { seeAlso: path(other, 'from') }),
      }),
    (index) => `rates[${index}]`,
  );
}

function checkFactors({ metric, at, collector }: MetricAt): void {
  const { dropOff, ramp, target, baseline, direction } = metric;
  if (compareDecimals(dropOff, '1') >= 0)
    collector.invalid(
      [...at, 'dropOff'],
      'must be below 100 %: nothing would be left after a year; write endsOn instead',
    );
  checkRamp(ramp, [...at, 'ramp'], collector);
  if (target === undefined || baseline?.value === undefined) return;
  const order = compareDecimals(target.value, baseline.value);
  if (direction === 'up' ? order < 0 : order > 0)
    collector.invalid(
      [...at, 'target', 'value'],
      `is ${order < 0 ? 'below' : 'above'} the baseline of ${baseline.value}, but ${direction === 'up' ? 'more' : 'less'} is better: is direction right?`,
      {
        severity: 'warning',
        seeAlso: [...at, 'direction'],
        restsOn: [
          [...at, 'direction'],
          [...at, 'baseline'],
        ],
      },
    );
}

/** Steps ascend in time, and the share does not fall: what fades is a drop-off. */
export function checkRamp(
  ramp: readonly { afterMonths: number; share: string }[],
  path: ProblemPath,
  { invalid }: ProblemCollector,
): void {
  for (const [index, step] of ramp.entries()) {
    const before = ramp[index - 1];
    if (before === undefined) continue;
    const restsOn = [[...path, index - 1]];
    if (step.afterMonths <= before.afterMonths)
      invalid(
        [...path, index, 'afterMonths'],
        `steps must ascend, but month ${step.afterMonths} follows month ${before.afterMonths}`,
        { restsOn, seeAlso: [...path, index - 1, 'afterMonths'] },
      );
    else if (compareDecimals(step.share, before.share) < 0)
      invalid([...path, index, 'share'], `falls below the step before it; what fades is written as dropOff`, {
        restsOn,
        seeAlso: [...path, index - 1, 'share'],
      });
  }
}
