import type { LocalDate } from '../../domain/types.ts';
import { metricStart } from './defaults.ts';
import type { MetricInput } from './metric-schema.ts';
import type { ProblemCollector, ProblemPath } from './problem.ts';
import { checkStretches } from './stretches.ts';

export function checkMetric(
  metric: MetricInput,
  at: ProblemPath,
  projectStart: LocalDate,
  { add }: ProblemCollector,
): void {
  const { baseline, startsOn, endsOn, target } = metric;
  const order = (path: ProblemPath, message: string): void => add([...at, ...path], 'config/invalid-value', message);
  if (baseline?.from !== undefined && baseline.to !== undefined) {
    if (baseline.from >= baseline.to)
      order(
        ['baseline', 'to'],
        `the baseline ends on ${baseline.to}, which is not after its start on ${baseline.from}`,
      );
    else if (startsOn !== undefined && startsOn < baseline.to)
      order(['startsOn'], `the benefit starts on ${startsOn}, before the baseline ends on ${baseline.to}`);
  }
  if (startsOn !== undefined && startsOn < projectStart)
    order(['startsOn'], `the benefit starts on ${startsOn}, before the project starts on ${projectStart}`);
  const start = metricStart(metric, projectStart);
  if (endsOn !== undefined && endsOn <= start)
    order(['endsOn'], `the benefit ends on ${endsOn}, which is not after its start on ${start}`);
  if (target !== undefined && target.by < start)
    order(['target', 'by'], `the target is due on ${target.by}, before the benefit starts on ${start}`);
  checkRates(metric, at, add);
  if (baseline === undefined)
    add(at, 'value/no-baseline', 'has no baseline: it is tracked, not monetised', { severity: 'warning' });
  else if (metric.rates.length === 0 && /-releasing$/.test(metric.benefitClass))
    add(at, 'value/no-baseline', 'has a baseline but no rates: it is tracked, not monetised', { severity: 'warning' });
}

function checkRates(metric: MetricInput, at: ProblemPath, add: ProblemCollector['add']): void {
  checkStretches(
    metric.rates.map((rate, index) => ({ from: rate.from, to: rate.to, index })),
    'to',
    (index, key, message) => add([...at, 'rates', index, key], 'config/invalid-value', message),
    (index) => `rates[${index}]`,
  );
}
