import { Decimal, moneyString } from '../money/decimal.ts';
import { createFxBook } from '../money/fx-book.ts';
import type { CostLine, Project } from '../types.ts';
import { type CountedCost, evaluateCosts } from '../value/costs.ts';
import type { RoiInput } from '../value/input.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import { exchangeNodes } from './explain-fx.ts';
import { type ExplainNode, node } from './node.ts';

/** Where a stored cost line came from; absent for lines written by hand. */
export interface CostOrigin {
  connector: string;
  stream: string;
  revision: number;
  pullId: string | null;
  pageHash: string | null;
}
export type ExplainedCostLine = CostLine & Partial<CostOrigin>;

/** Cost to date: every actual and accrual line that counts, at the exchange rate of its posting date. */
export function explainCost(input: RoiInput, outputs: RoiOutputs): ExplainNode {
  const { project } = input;
  const fx = createFxBook(input.fxRates, input.fxQuotes);
  const lines: ExplainedCostLine[] = [...input.costs, ...project.manualCosts].filter(
    ({ kind, postingDate }) =>
      (kind === 'actual' || kind === 'accrual') && postingDate <= input.asOf && postingDate < project.horizonEndsOn,
  );
  return node({
    path: 'cost',
    kind: 'figure',
    label: 'Cost to date',
    value:
      outputs.costToDate === null ? null : { kind: 'money', amount: outputs.costToDate, currency: project.currency },
    formula: 'Σ actual and accrued cost posted by the date, net of corrections and of accruals that actuals replaced',
    combine: 'sum',
    note: outputs.costToDate === null ? whyUnknown(outputs) : null,
    children: lines
      .sort((a, b) =>
        a.postingDate === b.postingDate ? compare(a.sourceKey, b.sourceKey) : compare(a.postingDate, b.postingDate),
      )
      .map((line) => explainLine(project, line, fx))
      .concat(
        evaluateCosts(input, fx)
          .counted.filter(({ releases }) => releases)
          .map((cost) => explainRelease(project, cost)),
      ),
  });
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const whyUnknown = ({ warnings }: RoiOutputs): string =>
  warnings.find(({ code, metricId }) => metricId === null && code !== 'value/partial')?.message ??
  'no cost is declared';

function explainLine(project: Project, line: ExplainedCostLine, fx: ReturnType<typeof createFxBook>): ExplainNode {
  const { currency } = project;
  const exchange = fx.on(line.currency, currency, line.postingDate);
  const amount = exchange.found ? moneyString(exchange.rate.times(line.amount)) : null;
  const foreign = line.currency !== currency;
  const origin = line.connector === undefined ? 'written by hand in the project' : `${line.connector}/${line.stream}`;
  const revision = (line.revision ?? 1) > 1 ? `, corrected (revision ${line.revision})` : '';
  const what = [line.text, line.pool, line.document && `document ${line.document}`].filter(Boolean).join(', ');
  const path = `cost/${encodeURIComponent(line.sourceKey)}`;
  return node({
    path,
    children: exchangeNodes(path, exchange),
    kind: 'cost-line',
    origin: line.pullId && line.pageHash ? { pullId: line.pullId, pageHash: line.pageHash } : null,
    label: `${line.postingDate} ${line.kind}${what === '' ? '' : `: ${what}`}`,
    value: amount === null ? null : { kind: 'money', amount, currency },
    formula:
      foreign && exchange.found
        ? `${line.amount} ${line.currency} × ${new Decimal(exchange.rate).toSignificantDigits(12).toFixed()}`
        : null,
    note:
      amount === null
        ? `no exchange rate from ${line.currency} to ${currency} for ${line.postingDate}`
        : `${origin}, key ${line.sourceKey}${revision}${line.correctionOf ? `, corrects ${line.correctionOf}` : ''}`,
  });
}

/** An accrual that an actual took the place of: without its release it would count twice. */
function explainRelease({ currency }: Project, { date, amount, line }: CountedCost): ExplainNode {
  return node({
    path: `cost/${encodeURIComponent(line.sourceKey)}/released`,
    kind: 'cost-line',
    label: `${date} release of the accrual ${line.sourceKey}`,
    value: { kind: 'money', amount: moneyString(amount), currency },
    note: 'an actual names it as what it corrects, and counts in its place',
  });
}
