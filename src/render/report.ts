import { createFormat, type Format, type MetricOutput, type PeriodOutput, type RoiOutputs } from '#domain';
import type { ReportInput } from '#kit';
import { renderChartSvg } from './chart.ts';
import { clip, plain } from './plain.ts';
import { reportTemplate } from './report-template.ts';
import { template } from './template.ts';
import { digestView } from './view.ts';

const render = template(reportTemplate);
/** A page has room for what a message has not. */
const MAX_REPORT_ROWS = 1_000;

/** A report as one HTML file that needs nothing else: headline, each figure with its basis, and all periods as evidence. */
export async function renderReportHtml({ facts, outputs, origin }: ReportInput): Promise<Buffer> {
  const format = createFormat(facts);
  const html = await render({
    view: digestView(facts, { test: false, maxRows: MAX_REPORT_ROWS }),
    origin: `Engine version ${origin.engineVersion} · recorded by ${format.instant(origin.knownAtMs)} · inputs ${origin.inputsHash}`,
    currency: outputs.currency,
    chartSvg: await renderChartSvg(facts),
    figures: facts.headline === null ? [] : figureRows(outputs, format),
    metrics: outputs.metrics.map((metric) => metricEvidence(metric, format)),
    pools: outputs.costs.byPool.map(({ pool, amount }) => ({
      pool: clip(plain(pool), 80),
      amount: format.money(amount),
    })),
    costLines: outputs.costs.lineCount,
    flows: outputs.cashFlows.map(({ date, benefit, cost }) => ({
      date: format.date(date),
      // A total that is not known is not zero on any of its dates.
      benefit: outputs.benefitToDate === null ? '–' : format.money(benefit),
      cost: outputs.costToDate === null ? '–' : format.money(cost),
    })),
    warnings: outputs.warnings.map(({ message }) => clip(plain(message), 300)),
  });
  return Buffer.from(html);
}

/** Each figure with the formula it comes from. */
function figureRows(outputs: RoiOutputs, format: Format): { name: string; value: string; basis: string }[] {
  const discounted = clip(plain(outputs.basis), 300);
  const { irr, payback, discountedPayback, coverage } = outputs;
  const irrBasis = {
    unique: 'The one yearly rate at which NPV is zero.',
    multiple: `Several rates make NPV zero (${irr.roots.map((root) => format.yearly(root)).join(', ')}), so none of them is the return.`,
    none: 'No yearly rate between −99% and 1,000% makes NPV zero.',
    'not-applicable': 'It takes both money spent and money gained.',
  } as const;
  const paybackWords = ({ years, date, crossesBack }: RoiOutputs['payback']) =>
    years === null
      ? 'not reached'
      : `${format.date(date)}, after ${format.number(years)} years${crossesBack ? ', but it falls below zero again' : ''}`;
  return [
    {
      name: 'Benefit to date',
      value: format.money(outputs.benefitToDate),
      basis: 'Sum of the adjusted benefit of all counted periods.',
    },
    {
      name: 'Unadjusted benefit',
      value: format.money(outputs.unadjustedBenefitToDate),
      basis: 'The same before attribution, deadweight, displacement and confidence.',
    },
    {
      name: 'Cost to date',
      value: format.money(outputs.costToDate),
      basis: 'Actual and accrued cost posted so far, net of corrections.',
    },
    { name: 'PV of benefits', value: format.money(outputs.pvBenefits), basis: discounted },
    { name: 'PV of costs', value: format.money(outputs.pvCosts), basis: discounted },
    { name: 'NPV', value: format.money(outputs.npv), basis: 'PV of benefits less PV of costs.' },
    { name: 'ROI', value: format.percent(outputs.roi), basis: '(PV of benefits − PV of costs) / PV of costs.' },
    {
      name: 'Realised ROI',
      value: format.percent(outputs.realisedRoi),
      basis: '(benefit − cost) / cost, to date, undiscounted.',
    },
    {
      name: 'BCR',
      value: format.exact(outputs.bcr === null ? null : Number(outputs.bcr).toFixed(2)),
      basis: 'PV of benefits / PV of costs.',
    },
    {
      name: 'IRR',
      value: irr.status === 'unique' ? format.yearly(irr.value) : 'n/a',
      basis: irrBasis[irr.status],
    },
    {
      name: 'Payback',
      value: paybackWords(payback),
      basis: 'First time that the cumulative net crosses zero, interpolated.',
    },
    { name: 'Discounted payback', value: paybackWords(discountedPayback), basis: 'The same with discounted flows.' },
    {
      name: 'Coverage',
      value: format.share(coverage.ratio),
      basis: `${format.exact(String(coverage.received))} of ${format.exact(String(coverage.expected))} expected samples of the periods that are over.`,
    },
  ];
}

const kinds = {
  flow: 'flow, summed',
  stock: 'stock, time-weighted mean',
  ratio: 'ratio of sums',
  percentile: 'percentile of each period',
} as const;

function metricEvidence(metric: MetricOutput, format: Format) {
  const { baseline, target } = metric;
  const unit = clip(plain(metric.unit), 24);
  const facts = [
    `${kinds[metric.kind]}, in ${unit}`,
    metric.direction === 'down' ? 'less is better' : 'more is better',
    metric.benefitClass,
    `from ${clip(plain(`${metric.source.connector}/${metric.source.stream}`), 120)}`,
    metric.newestSampleAtMs === null ? 'no sample yet' : `newest sample ${format.instant(metric.newestSampleAtMs)}`,
  ];
  if (baseline !== null)
    facts.push(
      `baseline ${format.exact(baseline.value)} (n ${baseline.n}${baseline.sd === null ? '' : `, sd ${format.number(baseline.sd)}`})`,
    );
  if (target !== null) facts.push(`target ${format.exact(target.value)} by ${format.date(target.by)}`);
  return {
    name: clip(plain(metric.name), 120),
    stale: metric.stale,
    facts,
    because: metric.monetised
      ? null
      : `Tracked only: ${clip(plain(metric.notMonetisedBecause ?? 'not monetised'), 200)}`,
    benefit: metric.monetised ? format.money(metric.benefitToDate) : null,
    unadjusted: metric.monetised ? format.money(metric.unadjustedBenefitToDate) : null,
    hasExposure: metric.periods.some(({ exposure }) => exposure !== null),
    periods: metric.periods.map((period) => periodRow(period, format)),
  };
}

function periodRow(period: PeriodOutput, format: Format) {
  const dash = (value: string | null, write: (value: string) => string) => (value === null ? '–' : write(value));
  const thin = period.expected !== null && period.received < period.expected;
  return {
    period: format.period(period.from, period.to),
    status: period.status,
    counted: period.status === 'closed' || period.status === 'incomplete',
    samples: period.expected === null ? String(period.received) : `${period.received} / ${period.expected}`,
    thin,
    revision: period.revision,
    actual: dash(period.actual, format.exact),
    counterfactual: dash(period.counterfactual, format.exact),
    exposure: dash(period.exposure, format.exact),
    rate: dash(period.rate, format.exact),
    gross: dash(period.gross, format.money),
    benefit: dash(period.benefit, format.money),
  };
}
