import { type FxRate, fxRateOn, type LocalDate } from '#domain';
import { type ErrorCode } from '#kit';
import { placeAt } from './located.ts';
import { type PathPart, type ProblemList, quote } from './problems.ts';
import type { FxRateInput, MetricInput, ProjectInput } from './schema/project.ts';
import type { Checked } from './sections.ts';

type AddProblem = (
  path: readonly PathPart[],
  code: ErrorCode,
  message: string,
  more?: { severity?: 'error' | 'warning' },
) => void;

const adder =
  (at: Checked<unknown>, problems: ProblemList): AddProblem =>
  (path, code, message, more) =>
    problems.add(placeAt(at.node, path), [...at.path, ...path], code, message, more);

/**
 * What a schema of one value cannot see: order of dates, overlaps, currencies without a rate, metrics that cannot be
 * monetised. `fx` null: the rates have errors of their own, so whether one is missing cannot be told.
 */
export function checkProject(
  project: Checked<ProjectInput>,
  fx: readonly FxRate[] | null,
  problems: ProblemList,
): void {
  const add = adder(project, problems);
  const { currency, startsOn } = project.value;
  const needRate = (code: string | undefined, on: LocalDate, path: PathPart[]): void => {
    if (fx === null || code === undefined || code === currency || fxRateOn(fx, code, currency, on).found) return;
    add(
      path,
      'value/missing-fx-rate',
      `no exchange rate from ${code} to ${currency} on ${on}; add one under fx, it is never taken as 1`,
    );
  };
  const ids = new Map<string, number>();
  for (const [index, line] of project.value.costs.lines.entries()) {
    const at: PathPart[] = ['costs', 'lines', index];
    needRate(line.currency, line.date, [...at, 'currency']);
    const id = lineId(line.id, index);
    const first = ids.get(id);
    if (first !== undefined)
      add([...at, 'id'], 'config/duplicate-id', `${quote(id)} names costs.lines[${first}] already`);
    ids.set(id, index);
  }
  for (const [id, metric] of Object.entries(project.value.metrics)) {
    const at = ['metrics', id];
    checkMetric(metric, at, startsOn, add);
    const benefitStart = metricStart(metric, startsOn);
    for (const [index, rate] of metric.rates.entries())
      if (rate.to === undefined || rate.to > benefitStart)
        needRate(rate.currency, later(rate.from, benefitStart), [...at, 'rates', index, 'currency']);
  }
}

/** Names of hand-written cost lines that have none of their own. */
export const lineId = (id: string | undefined, index: number): string => id ?? `line-${index + 1}`;

/** First day that counts as benefit, where none is written. */
export const metricStart = (metric: MetricInput, projectStart: LocalDate): LocalDate =>
  metric.startsOn ?? later(metric.baseline?.to ?? projectStart, projectStart);

const later = (a: LocalDate, b: LocalDate): LocalDate => (a > b ? a : b);

function checkMetric(metric: MetricInput, at: PathPart[], projectStart: LocalDate, add: AddProblem): void {
  const { baseline, startsOn, endsOn, target } = metric;
  const order = (path: PathPart[], message: string): void => add([...at, ...path], 'config/invalid-value', message);
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

function checkRates(metric: MetricInput, at: PathPart[], add: AddProblem): void {
  checkStretches(
    metric.rates.map((rate, index) => ({ from: rate.from, to: rate.to, index })),
    'to',
    (index, key, message) => add([...at, 'rates', index, key], 'config/invalid-value', message),
    (index) => `rates[${index}]`,
  );
}

interface Stretch {
  from: LocalDate;
  to: LocalDate | undefined;
  index: number;
}

/** Each stretch must end after it starts, and none may overlap another; both places are named. */
function checkStretches(
  stretches: Stretch[],
  toKey: string,
  add: (index: number, key: string, message: string) => void,
  name: (index: number) => string,
): void {
  const proper = stretches.filter(({ from, to, index }) => {
    if (to === undefined || to > from) return true;
    add(index, toKey, `ends on ${to}, which is not after its start on ${from}`);
    return false;
  });
  proper.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : a.index - b.index));
  let widest: Stretch | undefined;
  for (const stretch of proper) {
    if (widest !== undefined && (widest.to === undefined || widest.to > stretch.from)) {
      const until = widest.to === undefined ? 'without an end' : `until ${widest.to}`;
      add(
        stretch.index,
        toKey === 'to' ? 'from' : 'validFrom',
        `starts on ${stretch.from}, but overlaps ${name(widest.index)}, which holds from ${widest.from} ${until}`,
      );
    }
    if (widest === undefined || (widest.to !== undefined && (stretch.to === undefined || stretch.to > widest.to)))
      widest = stretch;
  }
}

/** Exchange rates of one pair must not overlap, and a currency needs none to itself. */
export function checkFxRates(rates: readonly Checked<FxRateInput>[], problems: ProblemList): void {
  const pairs = new Map<string, number[]>();
  for (const [position, { value }] of rates.entries()) {
    const pair = `${value.from}>${value.to}`;
    pairs.set(pair, [...(pairs.get(pair) ?? []), position]);
  }
  const add = (position: number, key: string, message: string): void => {
    const rate = rates[position];
    if (rate !== undefined) adder(rate, problems)([key], 'config/invalid-value', message);
  };
  for (const [position, { value }] of rates.entries())
    if (value.from === value.to) add(position, 'to', 'is the same currency as from');
  const name = (position: number): string => {
    const rate = rates[position];
    if (rate === undefined) return 'another rate';
    const { file, line } = rate.node.place;
    return `the rate at ${file}:${line}`;
  };
  for (const positions of pairs.values())
    checkStretches(
      positions.flatMap((index) => {
        const value = rates[index]?.value;
        return value === undefined ? [] : [{ from: value.validFrom, to: value.validTo, index }];
      }),
      'validTo',
      add,
      name,
    );
}
