import type { Format, RoiOutputs } from '#domain';
import { cells, figure, name, type ReportCell, type ReportTable, words } from './report-tables.ts';

/** Costs by kind, how they are booked, and each line that cannot be taken as it is. */
export function costTables({ costs }: RoiOutputs, format: Format): ReportTable[] {
  const row = (label: string, amount: string | null): ReportCell[][] =>
    amount === null ? [] : [cells(label, format.money(amount))];
  const kinds = [
    ...row('Actual', costs.actual),
    ...row('Accrued, not invoiced yet', costs.accrual),
    ...row('Corrections, contained in the above', costs.corrections),
    ...row('Open commitments', costs.commitments),
    ...row('Forecast', costs.forecast),
    ...row('At completion (EAC) by lines', costs.estimateAtCompletion),
    ...row('Of the cost to date: capex', costs.capex),
    ...row('Of the cost to date: opex', costs.opex),
    ...row('Of the cost to date: one-off', costs.oneOff),
    ...row('Of the cost to date: run', costs.run),
    ...costs.byPool.map(({ pool, amount }) => cells(`Pool: ${name(pool, 80)}`, format.money(amount))),
  ];
  const lines: ReportTable[] =
    costs.problems.length === 0
      ? []
      : [
          {
            title: 'Cost lines that cannot be taken as they are',
            note:
              costs.problemCount > costs.problems.length
                ? `The first ${costs.problems.length} of ${costs.problemCount}.`
                : null,
            head: [words('Posted'), words('Document'), figure('Amount'), words('Why')],
            rows: costs.problems.map(({ postingDate, document, sourceKey, amount, currency, message }) =>
              cells(
                format.date(postingDate),
                name(document ?? sourceKey, 60),
                `${format.exact(amount)} ${currency}`,
                name(message, 300),
              ),
            ),
            after: [],
          },
        ];
  const byKind = { title: 'Cost by kind', note: null, head: [words('Kind'), figure('Amount')], rows: kinds, after: [] };
  return [...(kinds.length === 0 ? [] : [byKind]), ...lines];
}
