import type { DigestFacts, Format, RoiOutputs, VarianceParts } from '#domain';
import { clip, plain } from './plain.ts';
import { signTone, type Tone } from './tone.ts';
import type { DigestView } from './view.ts';

export interface ReportCell {
  text: string;
  tone?: Tone | undefined;
  /** In per cent of the column: a bar from `from` to `to`, a mark at `mark`. */
  bar?: { from: number; to: number; mark: number } | undefined;
}
export interface ReportTable {
  title: string;
  note: string | null;
  /** Figures stand flush right. */
  head: { text: string; isFigure: boolean }[];
  rows: ReportCell[][];
  after: string[];
}

export const words = (text: string) => ({ text, isFigure: false });
export const figure = (text: string) => ({ text, isFigure: true });
export const name = (text: string, max = 120): string => clip(plain(text), max);
export const cells = (...texts: (string | ReportCell)[]): ReportCell[] =>
  texts.map((text) => (typeof text === 'string' ? { text } : text));

/** Tables about plan and forecast; none without a plan, and where the headline is withheld. */
export function planTables(view: DigestView, outputs: RoiOutputs, format: Format): ReportTable[] {
  if (view.outlook === null) return [];
  return [againstPlan(view.outlook, outputs), ...varianceTable(outputs, format), ...forecastTable(outputs, format)];
}

function againstPlan(
  { plan, rows, notes }: NonNullable<DigestView['outlook']>,
  { plan: output }: RoiOutputs,
): ReportTable {
  const approved = output?.approvedBy == null ? '' : `, approved by ${name(output.approvedBy)}`;
  return {
    title: 'Against plan',
    note: `The ${plan}${approved}. Its figures are at its own exchange rates.`,
    head: [words('Figure'), figure('Plan'), figure('Now'), words('Difference')],
    rows: rows.map((row) => cells(row.label, row.plan, row.now, { text: row.difference, tone: row.tone })),
    after: notes,
  };
}

function varianceTable({ variance, metrics }: RoiOutputs, format: Format): ReportTable[] {
  if (variance === null) return [];
  const row = (label: string, parts: VarianceParts | null, better: 1 | -1): ReportCell[][] =>
    parts === null
      ? []
      : [
          [
            { text: label },
            ...[parts.total, parts.volume, parts.rate, parts.timing, parts.fx].map((amount) => ({
              text: format.moneyChange(amount),
              tone: better === 1 ? signTone(amount) : signTone(negated(amount)),
            })),
          ],
        ];
  const rows = [
    ...variance.metrics.flatMap(({ metricId, benefit }) => row(`Benefit: ${nameOf(metrics, metricId)}`, benefit, 1)),
    ...row('Benefit', variance.benefit, 1),
    ...row('Cost', variance.cost, -1),
  ];
  if (rows.length === 0) return [];
  return [
    {
      title: 'Variance to date',
      note: 'Actual less plan; the parts sum to the total.',
      head: [words('Of'), ...['Total', 'Volume', 'Rate', 'Timing', 'Exchange rates'].map(figure)],
      rows,
      after: [],
    },
  ];
}

function forecastTable({ forecast, metrics, costToDate }: RoiOutputs, format: Format): ReportTable[] {
  if (forecast === null) return [];
  const factors = new Map(forecast.factors.map((factor) => [factor.metricId, factor]));
  const rows = forecast.metrics.map(({ metricId, actual, remainingPlan, expected }) => {
    const factor = factors.get(metricId);
    return cells(
      nameOf(metrics, metricId),
      format.money(actual),
      format.money(remainingPlan),
      factor === undefined ? '–' : factorWords(factor, format),
      format.money(expected),
    );
  });
  return [
    {
      title: 'Forecast at completion',
      note: 'Actual benefit and what remains of the plan, times what the last periods came to of theirs, drawn toward 1 and bounded.',
      head: [words('Metric'), ...['To date', 'Left of the plan', 'Factor', 'Expected of it'].map(figure)],
      rows,
      after: [
        `Benefit at completion ${format.money(forecast.benefitAtCompletion)}. Cost at completion ${format.money(forecast.costAtCompletion)}: ` +
          `${format.money(costToDate)} to date and ${format.money(forecast.costToCome)} to come, ` +
          (forecast.costBasis === 'lines'
            ? 'by open commitments and forecast lines.'
            : 'by what remains of the plan: no commitment or forecast line says otherwise.'),
      ],
    },
  ];
}

function factorWords(
  { factor, ratio, periods }: NonNullable<RoiOutputs['forecast']>['factors'][number],
  format: Format,
): string {
  const seen =
    ratio === null
      ? 'no period yet'
      : `${format.percent(ratio)} in ${periods === 1 ? '1 period' : `${periods} periods`}`;
  return `${format.number(factor)} (${seen})`;
}

/** What the doubt comes from; none where the headline is withheld. */
export function doubtTables({ headline }: DigestFacts, outputs: RoiOutputs, format: Format): ReportTable[] {
  if (headline === null) return [];
  return [...tornadoTable(outputs, format), ...switchingTable(outputs, format), ...assumptionTable(outputs)];
}

function tornadoTable({ sensitivity, npv }: RoiOutputs, format: Format): ReportTable[] {
  const rows = (sensitivity?.tornado ?? []).filter(({ swing }) => Number(swing) !== 0);
  if (rows.length === 0) return [];
  // Positions on paper only, never figures that are shown.
  const ends = [...rows.flatMap(({ npvAtLow, npvAtHigh }) => [Number(npvAtLow), Number(npvAtHigh)]), Number(npv ?? 0)];
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const at = (amount: number): number => (most === least ? 50 : ((amount - least) / (most - least)) * 100);
  return [
    {
      title: 'What NPV is sensitive to',
      note: `One at its low and its high end, all others as they are; widest first. The mark is NPV, ${format.money(npv)}.`,
      head: [words('Driver'), figure('Low – base – high'), figure('NPV at low'), figure('NPV at high'), words('')],
      rows: rows.map((row) => {
        const [a, b] = [Number(row.npvAtLow), Number(row.npvAtHigh)];
        const bar = { from: at(Math.min(a, b)), to: at(Math.max(a, b)), mark: at(Number(npv ?? 0)) };
        return cells(
          `${name(row.name)} (${name(row.range)})`,
          [row.low, row.base, row.high].map(format.number).join(' – '),
          format.money(row.npvAtLow),
          format.money(row.npvAtHigh),
          { text: '', bar },
        );
      }),
      after: [],
    },
  ];
}

function switchingTable({ sensitivity }: RoiOutputs, format: Format): ReportTable[] {
  const rows = sensitivity?.switching ?? [];
  if (rows.length === 0) return [];
  return [
    {
      title: 'Switching values',
      note: 'Where NPV becomes zero if only this one moves.',
      head: [words('Driver'), figure('Is'), figure('NPV is zero at')],
      rows: rows.map(({ name: driver, base, value }) =>
        cells(
          name(driver),
          format.number(base),
          value === null ? 'nowhere in its range' : format.apart(base, value)[1],
        ),
      ),
      after: [],
    },
  ];
}

function assumptionTable({ doubt }: RoiOutputs): ReportTable[] {
  if (doubt === null) return [];
  return [
    {
      title: 'What the simulation varies',
      note: `${doubt.draws} draws of seed ${doubt.seed}: the same seed gives the same figures.`,
      head: [words('Driver'), words('How')],
      rows: doubt.assumptions.map(({ name: driver, varied, distribution }) =>
        cells(
          { text: name(driver), tone: varied ? 'plain' : 'quiet' },
          { text: name(distribution, 300), tone: varied ? 'plain' : 'quiet' },
        ),
      ),
      after: [],
    },
  ];
}

/** Where no one rate is the return, the curve tells more than a rate. */
export function curveTable({ npvCurve, irr }: RoiOutputs, format: Format): ReportTable[] {
  if (npvCurve.length === 0 || irr.status === 'unique') return [];
  return [
    {
      title: 'NPV by discount rate',
      note:
        irr.status === 'multiple'
          ? 'NPV crosses zero at several rates, so none of them is the return.'
          : 'NPV crosses zero at no rate.',
      head: [figure('Rate'), figure('NPV')],
      rows: npvCurve.map(({ rate, npv }) =>
        cells(format.percent(rate), { text: format.money(npv), tone: signTone(npv) }),
      ),
      after: [],
    },
  ];
}

export function fiscalTable({ fiscalYears }: RoiOutputs, format: Format): ReportTable[] {
  if (fiscalYears.length === 0) return [];
  return [
    {
      title: 'By fiscal year',
      note: 'To date, undiscounted: a benefit by the last day of its period, a cost by its posting date.',
      head: [words('Year'), words('Days'), figure('Benefit'), figure('Cost'), figure('Net')],
      rows: fiscalYears.map(({ name: year, from, to, benefit, cost, net }) =>
        cells(name(year, 40), format.period(from, to), format.money(benefit), format.money(cost), {
          text: format.money(net),
          tone: signTone(net),
        }),
      ),
      after: [],
    },
  ];
}

export function deliverableTable({ deliverables }: RoiOutputs, format: Format): ReportTable[] {
  if (deliverables.length === 0) return [];
  return [
    {
      title: 'Deliverables',
      note: null,
      head: [words('Deliverable'), words('State'), figure('Planned'), figure('Forecast'), figure('There')],
      rows: deliverables.map(({ name: label, state, plannedOn, forecastOn, actualOn, daysLate }) => {
        const late =
          daysLate === 0
            ? ''
            : `, ${Math.abs(daysLate)} ${Math.abs(daysLate) === 1 ? 'day' : 'days'} ${daysLate > 0 ? 'late' : 'early'}`;
        const dates = [forecastOn, actualOn].map((date) => (date === null ? '–' : format.date(date)));
        return cells(
          name(label),
          {
            text: state === 'late' ? state + late.replace(' late', '') : state + late,
            tone: state === 'late' ? 'bad' : 'plain',
          },
          format.date(plannedOn),
          ...dates,
        );
      }),
      after: [],
    },
  ];
}

const nameOf = (metrics: RoiOutputs['metrics'], id: string): string =>
  name(metrics.find(({ metricId }) => metricId === id)?.name ?? id);

const negated = (amount: string): string =>
  amount.startsWith('-') ? amount.slice(1) : Number(amount) === 0 ? amount : `-${amount}`;
