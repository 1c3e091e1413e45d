import type { DigestAgainstPlan, DigestDoubt, DigestFacts, Format } from '#domain';
import { clip, plain } from './plain.ts';
import type { Tone } from './tone.ts';

export interface OutlookRow {
  label: string;
  /** What is, or is expected. */
  now: string;
  plan: string;
  /** `−€8,200 (−7%), mostly volume`; `–` where there is none. */
  difference: string;
  tone: Tone;
}
/** Figures beside the plan, to date and at completion. */
export interface OutlookView {
  /** `plan v1, frozen 20 May 2026` */
  plan: string;
  rows: OutlookRow[];
  notes: string[];
}

export function outlookView({ outlook, asOf }: DigestFacts, format: Format): OutlookView | null {
  if (outlook === null) return null;
  const { atCompletion, constantCurrency } = outlook;
  const money = (label: string, row: DigestAgainstPlan | null, better: 'more' | 'less'): OutlookRow[] =>
    row === null ? [] : [moneyRow(label, row, better, format)];
  const notes: string[] = [];
  // A past one stands in the headline.
  if (atCompletion !== null && atCompletion.paybackDate !== null && atCompletion.paybackDate > asOf)
    notes.push(`Expected to have paid back by ${format.date(atCompletion.paybackDate)}.`);
  if (atCompletion !== null && atCompletion.doubt !== null)
    notes.push(`At completion: ${doubtWords({ ...atCompletion.doubt, roi: null }, format)}`);
  if (constantCurrency !== null)
    notes.push(
      `At the plan’s exchange rates: benefit ${format.money(constantCurrency.benefitToDate)}, cost ` +
        `${format.money(constantCurrency.costToDate)}, NPV ${format.money(constantCurrency.npv)} to date.`,
    );
  return {
    plan: `plan ${clip(plain(outlook.plan), 40)}, frozen ${format.date(outlook.frozenOn)}`,
    rows: [
      ...money('Benefit to date', outlook.benefitToDate, 'more'),
      ...money('Cost to date', outlook.costToDate, 'less'),
      ...money('NPV at completion', atCompletion?.npv ?? null, 'more'),
      ...(atCompletion === null || atCompletion.roi === null ? [] : [roiRow(atCompletion.roi, format)]),
    ],
    notes,
  };
}

/** `80% range (P10 to P90): NPV €52,000 to €71,000, ROI 41% to 57%; NPV is above zero in 99% of 1,000 simulations.` */
export function doubtWords({ npv, roi, probabilityNpvPositive, draws }: DigestDoubt, format: Format): string {
  const range = roi === null ? '' : `, ROI ${format.percent(roi.p10)} to ${format.percent(roi.p90)}`;
  return (
    `80% range (P10 to P90): NPV ${format.money(npv.p10)} to ${format.money(npv.p90)}${range}; ` +
    `NPV is above zero in ${shareWords(probabilityNpvPositive, format)} of ${format.exact(String(draws))} simulations.`
  );
}

/** `100%` beside a number of trials would read as certainty. */
function shareWords(probability: string, format: Format): string {
  if (Number(probability) === 1) return 'all';
  return Number(probability) === 0 ? 'none' : format.share(probability);
}

const causeWords = { volume: 'volume', rate: 'rates', timing: 'timing', fx: 'exchange rates' } as const;

function moneyRow(label: string, row: DigestAgainstPlan, better: 'more' | 'less', format: Format): OutlookRow {
  const share = row.share === null ? '' : ` (${signed(row.share, format)})`;
  const mostly = row.mostly === null ? '' : `, mostly ${causeWords[row.mostly]}`;
  return {
    label,
    now: format.money(row.now),
    plan: format.money(row.plan),
    difference: row.difference === null ? '–' : `${format.moneyChange(row.difference)}${share}${mostly}`,
    tone: toneOf(row.difference, better),
  };
}

function roiRow(row: DigestAgainstPlan, format: Format): OutlookRow {
  return {
    label: 'ROI at completion',
    now: format.percent(row.now),
    plan: format.percent(row.plan),
    difference: row.difference === null ? '–' : format.points(row.difference),
    tone: toneOf(row.difference, 'more'),
  };
}

const signed = (share: string, format: Format): string =>
  `${share.startsWith('-') || Number(share) === 0 ? '' : '+'}${format.percent(share)}`;

function toneOf(difference: string | null, better: 'more' | 'less'): Tone {
  if (difference === null || Number(difference) === 0) return 'plain';
  return difference.startsWith('-') === (better === 'less') ? 'good' : 'bad';
}
