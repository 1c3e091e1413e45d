import {
  completeOutputs,
  createFormat,
  type Format,
  type MetricOutput,
  type PeriodOutput,
  type RoiOutputs,
} from '#domain';
import type { ReportInput } from '#kit';
import { renderChartSvg } from './chart.ts';
import { clip, plain } from './plain.ts';
import { costTables } from './report-costs.ts';
import { curveTable, deliverableTable, doubtTables, fiscalTable, name, planTables } from './report-tables.ts';
import { reportTemplate } from './report-template.ts';
import { template } from './template.ts';
import { digestView } from './view.ts';

const render = template(reportTemplate);
/** A page has room for what a message has not. */
const MAX_REPORT_ROWS = 1_000;

/** A report as one HTML file that needs nothing else: headline, each figure with its basis, and all periods as evidence. */
export async function renderReportHtml({ facts, outputs: stored, origin }: ReportInput): Promise<Buffer> {
  const format = createFormat(facts);
  const outputs = completeOutputs(stored);
  const view = digestView(facts, { test: false, maxRows: MAX_REPORT_ROWS });
  const isWithheld = facts.headline === null;
  const html = await render({
    view,
    origin: originLines(origin, outputs, format),
    planTables: planTables(view, outputs, format),
    doubtTables: [...doubtTables(facts, outputs, format), ...(isWithheld ? [] : curveTable(outputs, format))],
    yearTables: isWithheld ? [] : fiscalTable(outputs, format),
    deliverableTables: deliverableTable(outputs, format),
    costTables: costTables(outputs, format),
    currency: outputs.currency,
    chartSvg: await renderChartSvg(facts),
    figures: facts.headline === null ? [] : figureRows(outputs, format),
    metrics: outputs.metrics.map((metric) => metricEvidence(metric, format)),
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

/** With these anyone can tell whether two reports rest on the same. */
function originLines(
  { engineVersion, knownAtMs, inputsHash, versions }: ReportInput['origin'],
  { convention, plan, doubt }: RoiOutputs,
  format: Format,
): string[] {
  const definition = versions == null ? null : (versions.definition.version ?? versions.definition.hash);
  const parts = [
    `Engine version ${engineVersion}`,
    `convention ${convention}`,
    ...(definition === null ? [] : [`definition ${definition}`]),
    ...(plan === null ? [] : [`plan ${name(plan.version, 40)}`]),
    ...(versions?.fx == null ? [] : [`exchange rates ${versions.fx}`]),
    ...(doubt === null ? [] : [`seed ${doubt.seed}`]),
  ];
  return [`${parts.join(' · ')}.`, `Recorded by ${format.instant(knownAtMs)}, inputs ${inputsHash}.`];
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
      ? outputs.npv === null
        ? 'n/a'
        : 'not reached'
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
    ...(outputs.mirr === null
      ? []
      : [
          {
            name: 'MIRR',
            value: format.yearly(outputs.mirr),
            basis: 'Of the yearly net flows, financed and reinvested at the project’s own rates.',
          },
        ]),
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
      `baseline ${format.exact(baseline.value)} (n ${baseline.n}${baseline.sd === null ? '' : `, sd ${format.number(baseline.sd)}`}${baseline.approvedBy === null ? '' : `, approved by ${name(baseline.approvedBy, 60)}`}${baseline.frozenOn === null ? '' : `, frozen ${format.date(baseline.frozenOn)}`})`,
    );
  if (metric.fit !== null) facts.push(fitWords(metric.fit, unit, format));
  if (target !== null) facts.push(`target ${format.exact(target.value)} by ${format.date(target.by)}`);
  if (!metric.hasStarted) facts.push(`benefit begins ${format.date(metric.startsOn)}`);
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

const fitMethods = {
  'least-squares': 'trend by least squares',
  'control-ratio': 'control series by factor',
  'control-difference': 'control series by difference',
} as const;

/** How the counterfactual was found, and how well it describes the time before. */
function fitWords(fit: NonNullable<MetricOutput['fit']>, unit: string, format: Format): string {
  const parts = [
    ...(fit.intercept === null ? [] : [`level ${format.number(fit.intercept)}`]),
    ...(fit.slope === null ? [] : [`${format.number(fit.slope)} a period`]),
    ...(fit.adjustment === null ? [] : [`adjusted by ${format.number(fit.adjustment)}`]),
    `n ${fit.n}`,
    ...(fit.rSquared === null ? [] : [`R² ${format.number(fit.rSquared)}`]),
    ...(fit.residualSd === null ? [] : [`sd of what it leaves ${format.number(fit.residualSd)} ${unit}`]),
  ];
  return `counterfactual: ${fitMethods[fit.method]} (${parts.join(', ')})`;
}

function periodRow(period: PeriodOutput, format: Format) {
  const dash = (value: string | null, write: (value: string) => string) => (value === null ? '–' : write(value));
  const thin = period.expected !== null && period.received < period.expected;
  return {
    period: format.period(period.from, period.to),
    status: period.status,
    because: period.notCountedBecause === null ? null : name(period.notCountedBecause, 200),
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
