import type { DigestProject, Format } from '#domain';
import { clip, MAX_NAME, plain } from './plain.ts';
import { signTone, type Tone } from './tone.ts';

/** One project of a portfolio. What is not counted has neither ROI nor NPV. */
export interface ProjectRow {
  name: string;
  roi: string | null;
  npv: string | null;
  /** Of the NPV. */
  tone: Tone;
  /** Why it is not counted, or that its data are stale. */
  warning: string | null;
  /** Benefit, cost, and what others claim too. */
  details: string[];
  /** ROI and the details, for running text. */
  notes: string[];
}

export function projectRow(project: DigestProject, format: Format): ProjectRow {
  const name = clip(plain(project.name), MAX_NAME);
  if (project.excludedBecause !== null) {
    const warning = `not counted: ${clip(plain(project.excludedBecause), 160)}`;
    return { name, roi: null, npv: null, tone: 'quiet', warning, details: [], notes: [] };
  }
  const details = [
    `benefit ${format.money(project.benefitToDate)}, cost ${format.money(project.costToDate)} to date`,
    ...(isZero(project.claimReduction) ? [] : [`${format.money(project.claimReduction)} claimed by others too`]),
  ];
  const roi = format.percent(project.roi);
  return {
    name,
    roi,
    npv: format.money(project.npv),
    tone: project.stale ? 'quiet' : signTone(project.npv),
    warning: project.stale ? 'stale' : null,
    details,
    notes: [`ROI ${roi}`, ...details],
  };
}

const isZero = (amount: string | null): boolean => amount === null || Number(amount) === 0;
