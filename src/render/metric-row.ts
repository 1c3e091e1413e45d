import type { DigestMetric, Format } from '#domain';
import { clip, MAX_NAME, plain } from './plain.ts';
import { signTone, type Tone } from './tone.ts';

export interface MetricRow {
  name: string;
  actual: string;
  /** `≤ 60, met`; `–` without one. */
  target: string;
  targetTone: Tone;
  benefit: string;
  benefitTone: Tone;
  /** Period, baseline, and what is wrong with it, if anything. */
  notes: string[];
  warning: string | null;
}

export function metricRow(metric: DigestMetric, asOf: string, format: Format): MetricRow {
  const due = metric.targetBy !== null && metric.targetBy <= asOf;
  const unit = clip(plain(metric.unit), 24);
  const notes: string[] = [];
  if (metric.actualPeriod !== null) notes.push(format.period(metric.actualPeriod.from, metric.actualPeriod.to));
  if (metric.baseline !== null) notes.push(`baseline ${format.number(metric.baseline)}`);
  if (metric.targetBy !== null) notes.push(`target by ${format.date(metric.targetBy)}`);
  if (metric.begins !== null) notes.push(beginsWords(metric.begins, format));
  if (!metric.monetised) notes.push(`tracked only: ${clip(plain(metric.notMonetisedBecause ?? 'not monetised'), 120)}`);
  const warnings: string[] = [];
  if (metric.state === 'stale') warnings.push('stale');
  if (metric.state === 'no-data') warnings.push('no data');
  if (metric.coverage !== null && Number(metric.coverage) < 0.95)
    warnings.push(`${format.share(metric.coverage)} of samples`);
  return {
    name: clip(plain(metric.name), MAX_NAME),
    actual: metric.actual === null ? 'n/a' : `${format.apart(metric.actual, metric.target)[0]} ${unit}`,
    target: targetWords(metric, due, format),
    targetTone: metric.targetMet === true ? 'good' : due ? 'bad' : 'quiet',
    benefit: metric.monetised ? format.money(metric.benefitToDate) : '–',
    benefitTone: metric.monetised && metric.state === 'fresh' ? signTone(metric.benefitToDate) : 'quiet',
    notes,
    warning: warnings.length === 0 ? null : warnings.join(', '),
  };
}

function targetWords({ actual, target, targetMet, direction }: DigestMetric, due: boolean, format: Format): string {
  if (target === null) return '–';
  const words = `${direction === 'down' ? '≤' : '≥'} ${format.apart(actual, target)[1]}`;
  return targetMet === true ? `${words}, met` : due ? `${words}, missed` : words;
}

/** ` (target ≤ 60, met)` for running text. */
export function targetNote({ target }: MetricRow): string {
  return target === '–' ? '' : ` (target ${target})`;
}

function beginsWords({ on, after }: NonNullable<DigestMetric['begins']>, format: Format): string {
  const waits = after === null ? '' : `, waits for ${clip(plain(after), MAX_NAME)}`;
  return `benefit begins ${format.date(on)}${waits}`;
}
