import { completeOutputs, type DecimalString, type DigestFacts, type RoiOutputs } from '#domain';
import type { ReportInput } from '#kit';
import { evidenceRows, modelRows } from './csv-model-rows.ts';
import { type CsvRow, columns, snakeCase } from './csv-row.ts';
import { plain } from './plain.ts';

/**
 * For machines (RFC 4180, UTF-8): `record` is `figure`, `period` (one for each metric and period), `cost`, `flow`, `plan`,
 * `forecast`, `constant-currency`, `variance`, `doubt`, `assumption`, `tornado`, `switching`, `npv-curve`, `fiscal-year`,
 * `deliverable`, `fit` or `cost-problem`.
 * Decimals with a point and ISO dates whatever the locale. A withheld figure is empty, and its note says why.
 */
export async function renderCsv({ facts, outputs: stored, origin }: ReportInput): Promise<Buffer> {
  const outputs = completeOutputs(stored);
  const { stringify } = await import('csv-stringify/sync');
  const common: CsvRow = {
    project: facts.projectId,
    snapshot: facts.snapshotId,
    engine_version: origin.engineVersion,
    inputs_hash: origin.inputsHash,
    as_of: facts.asOf,
    currency: facts.currency,
  };
  const rows = [
    ...figureRows(facts, outputs),
    ...periodRows(outputs),
    ...costRows(outputs),
    ...flowRows(outputs),
    ...(facts.headline === null ? [] : modelRows(outputs)),
    ...evidenceRows(outputs),
  ].map((row) => columns.map((column) => cell({ ...common, ...row }[column] ?? null)));
  return Buffer.from(stringify([[...columns], ...rows], { record_delimiter: '\r\n' }));
}

function figureRows({ headline, headlineAbsentBecause }: DigestFacts, outputs: RoiOutputs): CsvRow[] {
  const figures: [string, DecimalString | null, string][] = [
    ['roi', outputs.roi, outputs.basis],
    ['realised_roi', outputs.realisedRoi, 'undiscounted, to date'],
    ['npv', outputs.npv, outputs.basis],
    ['bcr', outputs.bcr, outputs.basis],
    ['pv_benefits', outputs.pvBenefits, outputs.basis],
    ['pv_costs', outputs.pvCosts, outputs.basis],
    ['irr', outputs.irr.status === 'unique' ? outputs.irr.value : null, irrNote(outputs.irr)],
    ['mirr', outputs.mirr, 'yearly net flows, at the rates of the project'],
    ['payback_years', outputs.payback.years, paybackNote(outputs, outputs.payback)],
    ['discounted_payback_years', outputs.discountedPayback.years, paybackNote(outputs, outputs.discountedPayback)],
    ['benefit_to_date', outputs.benefitToDate, 'adjusted'],
    ['unadjusted_benefit_to_date', outputs.unadjustedBenefitToDate, 'before attribution and confidence'],
    ['coverage', outputs.coverage.ratio, 'received / expected samples'],
  ];
  const withheld = headline === null;
  return figures.map(([name, amount, note]) =>
    withheld && name !== 'coverage'
      ? { record: 'figure', name, amount: null, note: `withheld: ${headlineAbsentBecause ?? 'no reason given'}` }
      : { record: 'figure', name, amount, note },
  );
}

function irrNote({ status, roots }: RoiOutputs['irr']): string {
  return status === 'multiple' ? `multiple: ${roots.join(' ')}` : status;
}

function paybackNote({ npv, basis }: RoiOutputs, { date, crossesBack }: RoiOutputs['payback']): string {
  if (date === null) return `${npv === null ? 'not known' : 'not reached'}; ${basis}`;
  return `${date}${crossesBack ? ', falls below zero again' : ''}; ${basis}`;
}

function periodRows({ metrics }: RoiOutputs): CsvRow[] {
  return metrics.flatMap((metric) =>
    metric.periods.map(({ from, to, ...period }) => ({
      record: 'period',
      metric: metric.metricId,
      name: metric.name,
      unit: metric.unit,
      from,
      to,
      ...period,
      source: `${metric.source.connector}/${metric.source.stream}`,
      note: metric.monetised ? null : `tracked only: ${metric.notMonetisedBecause ?? ''}`,
    })),
  );
}

function costRows({ costs }: RoiOutputs): CsvRow[] {
  return [
    {
      record: 'cost',
      name: 'to_date',
      amount: costs.toDate,
      note: `actual and accrued, net of corrections; ${costs.lineCount} lines of any kind`,
    },
    { record: 'cost', name: 'budget', amount: costs.budget },
    { record: 'cost', name: 'commitments', amount: costs.commitments, note: 'open' },
    ...(
      [
        'actual',
        'accrual',
        'forecast',
        'corrections',
        'estimateAtCompletion',
        'capex',
        'opex',
        'oneOff',
        'run',
      ] as const
    ).flatMap((kind) => (costs[kind] === null ? [] : [{ record: 'cost', name: snakeCase(kind), amount: costs[kind] }])),
    ...costs.byPool.map(({ pool, amount }) => ({ record: 'cost', name: `pool: ${pool}`, amount })),
  ];
}

/** A total that is not known is not zero on any of its dates. */
function flowRows({ cashFlows, benefitToDate, costToDate }: RoiOutputs): CsvRow[] {
  return cashFlows.map(({ date, benefit, cost }) => ({
    record: 'flow',
    from: date,
    benefit: benefitToDate === null ? null : benefit,
    amount: costToDate === null ? null : cost,
  }));
}

const NUMBER = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i;
/** What spreadsheets take for the start of a formula, full-width forms included. */
const FORMULA = /^\s*[=+\-@＝＋－＠\t\r]/;

/** Text that a spreadsheet would run gets an apostrophe before it; numbers stay numbers. */
export function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number' || NUMBER.test(value)) return String(value);
  const text = plain(value);
  return FORMULA.test(text) ? `'${text}` : text;
}
