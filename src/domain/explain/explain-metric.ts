import { plain } from '../money/decimal.ts';
import type { Baseline, CurrencyCode, Project, ValueMetric } from '../types.ts';
import { wholeYears } from '../value/drop-off.ts';
import type { MetricOutput, PeriodOutput } from '../value/outputs.ts';
import { yearFraction } from '../value/rates.ts';
import { type ExplainScope, exchangeNodes } from './explain-fx.ts';
import { metricPath } from './figure-names.ts';
import { type ExplainNode, node } from './node.ts';

/** The benefit of one metric: its level before, what would have been, and every period that was looked at. */
export function explainMetric(scope: ExplainScope, metric: ValueMetric, output: MetricOutput): ExplainNode {
  const { currency } = scope.project;
  const counted = output.periods.filter(({ benefit }) => benefit !== null);
  const others = output.periods.length - counted.length;
  return node({
    path: metricPath(metric.id),
    kind: 'metric',
    label: `${metric.name}: benefit to date`,
    value: output.benefitToDate === null ? null : { kind: 'money', amount: output.benefitToDate, currency },
    formula: 'Σ benefit of the periods that count',
    combine: 'sum',
    note: noteOf(output, counted.length, others),
    children: [...counted, ...output.periods.filter(({ benefit }) => benefit === null)].map((period) =>
      explainPeriod(scope, metric, output, period),
    ),
  });
}

function noteOf(output: MetricOutput, counted: number, others: number): string | null {
  if (!output.monetised) return `not expressed in money: ${output.notMonetisedBecause}`;
  if (others === 0) return null;
  const states = new Map<string, number>();
  for (const { benefit, status } of output.periods)
    if (benefit === null) states.set(status, (states.get(status) ?? 0) + 1);
  const words = [...states].map(([status, n]) => `${n} ${status}`).join(', ');
  return `${counted} of ${counted + others} periods count; of the others: ${words}`;
}

/** One period: A, C, the rate, the factors, and how they make its money. */
export function explainPeriod(
  scope: ExplainScope,
  metric: ValueMetric,
  output: MetricOutput,
  period: PeriodOutput,
): ExplainNode {
  const path = `${metricPath(metric.id)}/${period.from}`;
  const { currency } = scope.project;
  return node({
    path,
    kind: 'period',
    label: `${metric.name}, ${period.from} to ${period.to}`,
    value: period.benefit === null ? null : { kind: 'money', amount: period.benefit, currency },
    formula: period.benefit === null ? null : benefitFormula(metric, period),
    note: period.benefit === null ? `${period.status}: ${period.notCountedBecause ?? 'it does not count'}` : null,
    children: terms(scope, metric, output, period, path),
  });
}

/** B = G·a·(1 − deadweight)·(1 − displacement)·q·(1 − dropOff)^years, the numbers put in. */
function benefitFormula(metric: ValueMetric, period: PeriodOutput): string {
  const gain = !(period.gross ?? '0').startsWith('-');
  const factors = [
    [`a ${metric.attribution}`, metric.attribution === '1'],
    [`(1 − deadweight ${metric.deadweight})`, metric.deadweight === '0'],
    [`(1 − displacement ${metric.displacement})`, metric.displacement === '0'],
    [`q ${metric.confidence}`, !gain || metric.confidence === '1'],
  ] as const;
  const written = factors.map(([factor, isNeutral]) => (isNeutral ? '' : ` × ${factor}`)).join('');
  const years = wholeYears(metric.startsOn, period.from);
  const dropOff =
    metric.dropOff === '0' ? '' : ` × (1 − drop-off ${metric.dropOff})^${years} ${years === 1 ? 'year' : 'years'}`;
  return `G ${period.gross}${written}${dropOff}${gain ? '' : '; a loss, so q = 1'}`;
}

function terms(
  scope: ExplainScope,
  metric: ValueMetric,
  output: MetricOutput,
  period: PeriodOutput,
  path: string,
): ExplainNode[] {
  const { currency } = scope.project;
  const list: ExplainNode[] = [];
  const sign = metric.direction === 'up' ? '' : '−';
  if (period.gross !== null)
    list.push(
      node({
        path: `${path}/gross`,
        kind: 'term',
        label: 'G, before any adjustment',
        value: { kind: 'money', amount: period.gross, currency },
        formula: `${sign}(${period.actual} − ${period.counterfactual}) × ${scale(metric, period)}rate ${period.rate}`,
      }),
    );
  list.push(
    node({
      path: `${path}/actual`,
      kind: 'term',
      label:
        metric.stockValuation === 'release' ? 'Lₚ, actual: the level at the end of the period' : ACTUAL[metric.kind],
      value: number(period.actual, metric.unit),
      note: `${period.received} of ${period.expected ?? '?'} points${period.revision > 1 ? `, corrected (revision ${period.revision})` : ''}`,
      evidence: { metricId: metric.id, side: 'source', from: period.from, to: period.to, frozenOn: null },
    }),
  );
  if (metric.denominator)
    list.push(
      node({
        path: `${path}/denominator`,
        kind: 'term',
        label: 'Its denominator',
        value: null,
        note: 'the samples that the ratio is divided by',
        evidence: { metricId: metric.id, side: 'denominator', from: period.from, to: period.to, frozenOn: null },
      }),
    );
  if (period.counterfactual !== null)
    list.push({
      ...explainCounterfactual(metric, output, period, path),
      value: number(period.counterfactual, metric.unit),
    });
  if (period.exposure !== null)
    list.push(
      node({
        path: `${path}/exposure`,
        kind: 'term',
        label: 'Exposure: units that it applies to',
        value: number(period.exposure, null),
        evidence:
          metric.exposure?.kind === 'series'
            ? { metricId: metric.id, side: 'exposure', from: period.from, to: period.to, frozenOn: null }
            : null,
      }),
    );
  if (period.rate !== null) list.push(explainRate(scope, metric, period, path));
  return list;
}

const ACTUAL = {
  flow: 'A, actual: the sum of the samples',
  stock: 'W, actual: the time-weighted mean of the samples',
  ratio: 'R, actual: Σ numerator / Σ denominator',
  percentile: 'P, actual: the percentile of the period',
} as const;

function scale(metric: ValueMetric, period: PeriodOutput): string {
  if (metric.kind === 'stock' && metric.stockValuation !== 'release')
    return `${plain(yearFraction(period).toSignificantDigits(12))} of a year × `;
  return period.exposure === null ? '' : `exposure ${period.exposure} × `;
}

function explainCounterfactual(
  metric: ValueMetric,
  output: MetricOutput,
  period: PeriodOutput,
  path: string,
): ExplainNode {
  const { counterfactual, baseline } = metric;
  const base = { path: `${path}/counterfactual`, kind: 'term' as const, value: null };
  const fit = output.fit;
  switch (counterfactual.kind) {
    case 'constant':
      return node({
        ...base,
        label: 'C, counterfactual: the baseline',
        note: output.baseline === null ? null : baselineNote(baseline, output.baseline),
        evidence: baselineEvidence(metric),
      });
    case 'trend':
      return node({
        ...base,
        label: 'C, counterfactual: a trend',
        formula:
          counterfactual.fit === 'given'
            ? `${counterfactual.level} in the first period that counts, ${counterfactual.change} more each period`
            : fit && `${fit.intercept} + ${fit.slope} a period, least squares over ${fit.n} periods`,
        note: fit === null ? null : fitNote(fit),
        evidence: baselineEvidence(metric),
      });
    case 'control':
      return node({
        ...base,
        label: `C, counterfactual: the control ${counterfactual.source.connector}/${counterfactual.source.stream}`,
        formula:
          fit && (counterfactual.method === 'ratio' ? `control × ${fit.adjustment}` : `control + ${fit.adjustment}`),
        note: fit === null ? null : fitNote(fit),
        evidence: { metricId: metric.id, side: 'control', from: period.from, to: period.to, frozenOn: null },
      });
  }
}

function baselineNote(baseline: Baseline | null, level: NonNullable<MetricOutput['baseline']>): string {
  const by = baseline?.approvedBy ? `, approved by ${baseline.approvedBy}` : '';
  const frozen = baseline?.frozenOn ? `, frozen on ${baseline.frozenOn}` : '';
  if (baseline?.kind === 'window')
    return `${level.n} whole periods from ${baseline.from} to ${baseline.to}${level.sd === null ? '' : `, sd ${level.sd}`}${by}${frozen}`;
  return `a level that was given${by}${frozen}`;
}

const fitNote = (fit: NonNullable<MetricOutput['fit']>): string =>
  `fitted over ${fit.n} periods, R² ${fit.rSquared ?? 'n/a'}, residual sd ${fit.residualSd ?? 'n/a'}`;

function baselineEvidence({ id, baseline }: ValueMetric): ExplainNode['evidence'] {
  if (baseline?.kind !== 'window') return null;
  return { metricId: id, side: 'source', from: baseline.from, to: baseline.to, frozenOn: baseline.frozenOn };
}

function explainRate(
  { project: { currency }, fx }: ExplainScope,
  metric: ValueMetric,
  period: PeriodOutput,
  path: string,
): ExplainNode {
  const declared = metric.rates.filter(({ from, to }) => from < period.to && (to === null || to > period.from));
  const words = declared.map(
    ({ amount, currency: code, per, perPeriod, from, to }) =>
      `${amount} ${code} for one ${per}${perPeriod === null ? '' : ` a ${perPeriod}`} from ${from}${to === null ? '' : ` to ${to}`}`,
  );
  const foreign = declared.some(({ currency: code }) => code !== currency);
  return node({
    path: `${path}/rate`,
    kind: 'term',
    label: 'Rate',
    value: { kind: 'money', amount: period.rate ?? '0', currency },
    note: `${words.join('; ')}${foreign ? `, into ${currency} at the mean exchange rate of the period` : ''}`,
    children: [...new Set(declared.map(({ currency: code }) => code))].flatMap((code) =>
      exchangeNodes(`${path}/rate/${code}`, fx.average(code, currency, period)),
    ),
  });
}

function number(value: string | null, unit: string | null): ExplainNode['value'] {
  return value === null ? null : { kind: 'number', number: value, unit };
}
