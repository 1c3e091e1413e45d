import { Decimal } from 'decimal.js';
import { daysBetween } from '../time/dates.ts';
import type { DecimalString } from '../types.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import type { DigestFacts } from './facts.ts';

/** Figures whose movement can be a reason to send a digest. Ratios in percentage points, amounts in the project's currency. */
export const digestFigures = [
  'roiPoints',
  'realisedRoiPoints',
  'npv',
  'benefit',
  'cost',
  'paybackDays',
  'coveragePoints',
] as const;
export type DigestFigure = (typeof digestFigures)[number];
/** By how much a figure must move, above zero. */
export type DigestThresholds = Partial<Record<DigestFigure, DecimalString>>;

export interface FigureMove {
  figure: DigestFigure;
  /** With its sign; null: the figure came, went, or is of another currency now, so that no difference can be told. */
  by: DecimalString | null;
}

/** Why a digest is sent. `figures`: those that reached their thresholds. */
export type DigestReason =
  | { because: 'always' | 'first' | 'changed' | 'alert' | 'heartbeat' }
  | { because: 'threshold'; figures: FigureMove[] };

/** Figures of a project, or of a portfolio. */
export type DigestFigures = Pick<
  RoiOutputs,
  'currency' | 'roi' | 'realisedRoi' | 'npv' | 'benefitToDate' | 'costToDate' | 'payback' | 'coverage'
>;
/** What one digest rests on. */
export interface DigestBasis {
  facts: DigestFacts;
  factsHash: string;
  outputs: DigestFigures | null;
}

/**
 * Why the digest of a slot is to be sent, null when it is not. `previous` is the one that was sent last, so that small
 * moves add up until they reach a threshold. Missing and stale data are always a reason under `threshold`; any other alert
 * is one when it appears. `silentSlots`: so many in a row were left out since.
 */
export function digestReason(
  condition: {
    when: 'always' | 'changed' | 'threshold';
    thresholds: DigestThresholds | null;
    heartbeat: number | null;
  },
  now: DigestBasis,
  previous: DigestBasis | null,
  silentSlots: number,
): DigestReason | null {
  const { when, thresholds, heartbeat } = condition;
  if (when === 'always') return { because: 'always' };
  if (previous === null) return { because: 'first' };
  if (when === 'changed' && now.factsHash !== previous.factsHash) return { because: 'changed' };
  if (when === 'threshold') {
    if (hasAlert(now.facts, previous.facts)) return { because: 'alert' };
    if (previous.facts.headline === null) return { because: 'changed' };
    const figures = movesBeyond(now.outputs, previous.outputs, thresholds ?? {});
    if (figures.length > 0) return { because: 'threshold', figures };
  }
  return heartbeat !== null && silentSlots >= heartbeat ? { because: 'heartbeat' } : null;
}

/** Figures that moved by at least their threshold. */
export function movesBeyond(
  now: DigestFigures | null,
  before: DigestFigures | null,
  thresholds: DigestThresholds,
): FigureMove[] {
  return digestFigures.flatMap((figure): FigureMove[] => {
    const least = thresholds[figure];
    if (least === undefined) return [];
    const values = [now, before].map((outputs) => (outputs === null ? null : FIGURES[figure](outputs)));
    const [after, earlier] = values;
    if (after == null && earlier == null) return [];
    const isAmount = figure === 'npv' || figure === 'benefit' || figure === 'cost';
    if (after == null || earlier == null || (isAmount && now?.currency !== before?.currency))
      return [{ figure, by: null }];
    const by = figure === 'paybackDays' ? new Decimal(daysBetween(earlier, after)) : new Decimal(after).minus(earlier);
    return by.abs().greaterThanOrEqualTo(least) ? [{ figure, by: by.toFixed() }] : [];
  });
}

const FIGURES: Record<DigestFigure, (outputs: DigestFigures) => string | null> = {
  roiPoints: ({ roi }) => points(roi),
  realisedRoiPoints: ({ realisedRoi }) => points(realisedRoi),
  npv: ({ npv }) => npv,
  benefit: ({ benefitToDate }) => benefitToDate,
  cost: ({ costToDate }) => costToDate,
  paybackDays: ({ payback }) => payback.date,
  coveragePoints: ({ coverage }) => points(coverage.ratio),
};

const points = (ratio: DecimalString | null): DecimalString | null =>
  ratio === null ? null : new Decimal(ratio).times(100).toFixed();

function hasAlert(now: DigestFacts, before: DigestFacts): boolean {
  if (now.headline === null || now.staleSources.length > 0) return true;
  const known = new Set(before.alerts.map(withoutFigures));
  return now.alerts.some((alert) => !known.has(withoutFigures(alert)));
}

/** An alert that stays is not a new one because an amount or a date in it moved on. */
const withoutFigures = (alert: string): string => alert.replace(/[^\p{L}]+/gu, ' ');
