import {
  completeFacts,
  conversionSentences,
  createFormat,
  type DigestFacts,
  digestSubject,
  type Format,
  type RoiOutputs,
  roundedMoves,
} from '#domain';
import { type MetricRow, metricRow } from './metric-row.ts';
import { doubtWords, type OutlookView, outlookView } from './outlook.ts';
import { clip, MAX_NAME, plain } from './plain.ts';
import { type ProjectRow, projectRow } from './project-row.ts';
import { signTone, type Tone } from './tone.ts';

/** A section of a message shows at most so many rows; the rest is counted. */
export const MAX_ROWS = 20;
const MAX_SENTENCE = 300;

export interface Figure {
  label: string;
  value: string;
  tone: Tone;
}

export interface Section<Row> {
  rows: Row[];
  /** `and 7 more`; null: nothing was left out. */
  more: string | null;
}

/** The facts as words and formatted figures: what every channel shows, so that none says anything else. Unescaped. */
export interface DigestView {
  subject: string;
  test: boolean;
  title: string;
  sponsor: string | null;
  asOf: string;
  notice: string | null;
  /** Null when the headline is withheld; `absentBecause` then says why. */
  headline: {
    roi: Figure;
    roiChange: string | null;
    figures: Figure[];
    basis: string;
    /** How far the figures may be off, and what they come to in the reader's currency. */
    notes: string[];
  } | null;
  absentBecause: string | null;
  alerts: Section<string>;
  moved: { since: string; rows: { cause: string; amount: string; tone: Tone }[]; net: string; netTone: Tone } | null;
  chart: { altText: string } | null;
  metrics: Section<MetricRow>;
  /** Of a portfolio, in place of metrics; empty where the digest is about one project. */
  projects: Section<ProjectRow>;
  /** Empty where the headline says all of it. */
  cost: Figure[];
  /** Null without a plan. */
  outlook: OutlookView | null;
  restatements: Section<{ what: string; change: string; why: string }>;
  data: string[];
  links: { label: string; url: string }[];
  footer: string[];
  unsubscribeUrl: string | null;
}

/** Facts of any release: a stored digest is rendered when it is delivered. */
export function digestView(stored: DigestFacts, options: { test: boolean; maxRows?: number | undefined }): DigestView {
  const facts = completeFacts(stored);
  const format = createFormat(facts);
  const section = sectionOf(options.maxRows ?? MAX_ROWS);
  return {
    subject: `${options.test ? 'TEST ' : ''}${clip(plain(digestSubject(facts)), 200)}`,
    test: options.test,
    title: clip(plain(facts.projectName), 120) || facts.projectId,
    sponsor: facts.sponsor === null ? null : clip(plain(facts.sponsor), MAX_NAME),
    asOf: format.date(facts.asOf),
    notice: facts.notice === null ? null : clip(plain(facts.notice), MAX_SENTENCE),
    headline: headlineView(facts, format),
    absentBecause:
      facts.headline === null ? clip(plain(facts.headlineAbsentBecause ?? 'No reason is known.'), 900) : null,
    alerts: section(facts.alerts, (alert) => clip(plain(alert), MAX_SENTENCE)),
    moved: movedView(facts, format),
    chart: facts.chart.length < 2 ? null : { altText: chartAltText(facts, format) },
    metrics: section(facts.metrics, (metric) => metricRow(metric, facts.asOf, format)),
    projects: section(facts.projects ?? [], (project) => projectRow(project, format)),
    cost: facts.projects !== undefined && facts.headline !== null ? [] : costFigures(facts, format),
    outlook: outlookView(facts, format),
    restatements: section(facts.restatements, ({ metric, period, oldBenefit, newBenefit, why, currency }) => {
      const own = currency === undefined ? format : createFormat({ ...facts, currency });
      return {
        what: `${clip(plain(metric), MAX_NAME)}, period from ${format.date(period)}`,
        change: `${own.money(oldBenefit)} → ${own.money(newBenefit)}`,
        why: clip(plain(why), MAX_SENTENCE),
      };
    }),
    data: dataLines(facts, section, format),
    links: facts.links.filter(({ url }) => isWebAddress(url)).slice(0, 5),
    footer: footerLines(facts),
    unsubscribeUrl: facts.unsubscribeUrl !== null && isWebAddress(facts.unsubscribeUrl) ? facts.unsubscribeUrl : null,
  };
}

function headlineView(facts: DigestFacts, format: Format): DigestView['headline'] {
  const { headline, comparedWith } = facts;
  if (headline === null) return null;
  const conversions = conversionSentences(facts);
  return {
    roi: { label: 'ROI', value: format.percent(headline.roi), tone: signTone(headline.roi) },
    roiChange:
      headline.roiChange === null
        ? whyNoRoi(headline)
        : `${format.points(headline.roiChange)}${comparedWith === null ? '' : ` since ${format.dayMonth(comparedWith)}`}`,
    figures: [
      { label: 'NPV', value: tile(headline.npv, format), tone: signTone(headline.npv) },
      {
        label: 'Payback',
        value: paybackWords(headline, format),
        tone: 'plain',
      },
      { label: 'Benefit to date', value: tile(headline.benefitToDate, format), tone: signTone(headline.benefitToDate) },
      { label: 'Cost to date', value: tile(headline.costToDate, format), tone: 'plain' },
      { label: 'Realised ROI', value: format.percent(headline.realisedRoi), tone: signTone(headline.realisedRoi) },
      returnFigure(headline, format),
    ],
    basis: clip(plain(headline.basis), MAX_SENTENCE),
    notes: [
      ...(headline.doubt === null ? [] : [doubtWords(headline.doubt, format)]),
      ...conversions.map((sentence) => clip(plain(sentence), MAX_SENTENCE)),
    ],
  };
}

/** Whether it was paid back is only known where both sides are. */
function paybackWords(headline: NonNullable<DigestFacts['headline']>, format: Format): string {
  if (headline.paybackDate !== null) return format.date(headline.paybackDate);
  return headline.costToDate === null || headline.benefitToDate === null ? 'n/a' : 'not yet';
}

function whyNoRoi({ roi, costToDate }: NonNullable<DigestFacts['headline']>): string | null {
  if (roi !== null) return null;
  return costToDate === null ? 'the cost is not known' : 'there is no cost to compare with';
}

/** Where no single rate makes NPV zero, MIRR stands in: its two rates are given, so that there is always one. */
function returnFigure({ irr, mirr }: NonNullable<DigestFacts['headline']>, format: Format): Figure {
  if (irr.status === 'unique' || irr.status === 'not-applicable' || mirr === null)
    return { label: 'IRR', value: irrWords(irr, format), tone: 'plain' };
  const why = irr.status === 'multiple' ? 'IRR has several roots' : 'no IRR from −99% to 1,000%';
  return { label: `MIRR (${why})`, value: format.yearly(mirr), tone: 'plain' };
}

/** A rate is shown only where exactly one fits; `none` alone would read as nought. */
export function irrWords(
  { status, value }: { status: RoiOutputs['irr']['status']; value: string | null },
  format: Format,
): string {
  switch (status) {
    case 'unique':
      return format.yearly(value);
    case 'multiple':
      return 'n/a: several rates fit';
    case 'none':
      return 'n/a: no rate fits';
    case 'not-applicable':
      return 'n/a';
  }
}

/** In full while it fits into a tile, compact beyond ten million. */
function tile(amount: string | null, format: Format): string {
  return amount !== null && Math.abs(Number(amount)) >= 1e7 ? format.moneyCompact(amount) : format.money(amount);
}

function movedView(facts: DigestFacts, format: Format): DigestView['moved'] {
  const moves = roundedMoves(facts);
  if (moves === null) return null;
  return {
    since: facts.comparedWith === null ? '' : format.date(facts.comparedWith),
    rows: moves.rows.map(({ cause, amount }) => ({
      cause: clip(plain(cause), 100),
      amount: format.moneyChange(amount),
      tone: signTone(amount),
    })),
    net: format.moneyChange(moves.net),
    netTone: signTone(moves.net),
  };
}

function costFigures({ cost }: DigestFacts, format: Format): Figure[] {
  const figures: Figure[] = [{ label: 'Cost to date', value: format.money(cost.toDate), tone: 'plain' }];
  if (cost.budget !== null) {
    const used = cost.toDate === null || Number(cost.budget) === 0 ? null : Number(cost.toDate) / Number(cost.budget);
    const note = used === null ? '' : ` (${format.percent(used.toFixed(6))} used)`;
    figures.push({
      label: 'Budget',
      value: `${format.money(cost.budget)}${note}`,
      tone: used !== null && used > 1 ? 'bad' : 'plain',
    });
  }
  if (cost.accrual !== null && Number(cost.accrual) !== 0 && figures[0] !== undefined)
    figures[0].value += ` (${format.money(cost.accrual)} accrued)`;
  if (cost.commitments !== null)
    figures.push({ label: 'Open commitments', value: format.money(cost.commitments), tone: 'plain' });
  if (cost.atCompletion !== null) {
    const limit = cost.planned ?? cost.budget;
    const planned = cost.planned === null ? '' : ` (plan ${format.money(cost.planned)})`;
    const isOver = limit !== null && Number(cost.atCompletion) > Number(limit) * 1.01;
    figures.push({
      label: 'At completion (EAC)',
      value: `${format.money(cost.atCompletion)}${planned}`,
      tone: isOver ? 'bad' : 'plain',
    });
  }
  return figures;
}

function dataLines(facts: DigestFacts, section: Cut, format: Format): string[] {
  const lines = [
    facts.dataAsOfMs === null ? 'No sample has arrived.' : `Data as of ${format.instant(facts.dataAsOfMs)}.`,
  ];
  if (facts.coverage !== null) lines.push(`${format.share(facts.coverage)} of the expected samples arrived.`);
  const shown = section(facts.staleSources, ({ metric, connector, stream, newestSampleAtMs }) => {
    const newest = newestSampleAtMs === null ? 'nothing yet' : `newest ${format.instant(newestSampleAtMs)}`;
    return `${clip(plain(metric), MAX_NAME)} from ${clip(plain(`${connector}/${stream}`), MAX_NAME)} (${newest})`;
  });
  if (shown.rows.length > 0)
    lines.push(`Stale: ${shown.rows.join('; ')}${shown.more === null ? '' : `; ${shown.more}`}.`);
  return lines;
}

function footerLines(facts: DigestFacts): string[] {
  const lines = [clip(plain(facts.why), MAX_SENTENCE)];
  if (facts.unsubscribeUrl === null) lines.push('To stop it, reply or ask whoever runs Outturn for you.');
  lines.push(`Times are in ${facts.timeZone}, amounts in ${facts.currency}.`);
  if (facts.snapshotId !== null) lines.push(`Snapshot ${facts.snapshotId}.`);
  return lines;
}

function chartAltText({ chart }: DigestFacts, format: Format): string {
  const last = chart.at(-1);
  if (last === undefined) return 'No data';
  return (
    `Cumulative benefit and cost to ${format.date(last.date)}: ` +
    `benefit ${format.money(last.cumulativeBenefit)}, cost ${format.money(last.cumulativeCost)}.`
  );
}

type Cut = <Fact, Row>(facts: readonly Fact[], row: (fact: Fact) => Row) => Section<Row>;

function sectionOf(maxRows: number): Cut {
  return (facts, row) => {
    const rest = facts.length - maxRows;
    return { rows: facts.slice(0, maxRows).map(row), more: rest > 0 ? `and ${rest} more` : null };
  };
}

/** Other schemes (`javascript:`) never become a link. */
function isWebAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
