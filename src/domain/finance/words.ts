import { Decimal } from '../money/decimal.ts';
import type { RateStep } from './discount-steps.ts';
import type { Payback } from './payback.ts';

export function percentInWords(rate: Decimal): string {
  return `${rate.times(100).toFixed()}%`;
}

/** `8%`, or `8%, after 3 years 5%`. */
export function ratesInWords(steps: readonly RateStep[], unit: 'years' | 'periods' = 'years'): string {
  return steps
    .map(({ fromYear, rate }, index) => {
      const after = index === 0 ? '' : `after ${fromYear} ${fromYear === 1 ? unit.slice(0, -1) : unit} `;
      return `${after}${percentInWords(rate)}`;
    })
    .join(', ');
}

const HALF_YEAR = 0.5;
/** Payback as Forrester's TEI studies print it: `< 6 months`, else whole months begun; null: not reached. */
export function teiPaybackInWords({ at }: Payback): string | null {
  if (at === null) return null;
  if (at.lt(HALF_YEAR)) return '< 6 months';
  return `${at.times(12).toDecimalPlaces(9).ceil().toFixed()} months`;
}
