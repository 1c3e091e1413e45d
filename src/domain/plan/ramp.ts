import { Decimal } from '../money/decimal.ts';
import { addMonths, epochDay } from '../time/dates.ts';
import type { LocalDate, RampStep } from '../types.ts';
import { constantPath, type Path } from './path.ts';

/**
 * Share of the full effect by day: straight lines in months since the start between the steps, from nothing at the start
 * where the first step is later; the last share holds on; without steps the full effect at once. A month's part is that of
 * its days. Of days before the start it says nothing: no period before it counts.
 */
export function rampPath(ramp: readonly RampStep[], startsOn: LocalDate): Path {
  if (ramp.length === 0) return constantPath(new Decimal(1));
  const first = ramp[0] as RampStep;
  const steps = first.afterMonths > 0 ? [{ afterMonths: 0, share: '0' }, ...ramp] : ramp;
  const days: number[] = [];
  const values: Decimal[] = [];
  const add = (months: number, share: Decimal): void => {
    const day = dayAfter(startsOn, months);
    // The 30th and 31st meet in February: one day has one share.
    if (days.at(-1) === day) values.pop();
    else days.push(day);
    values.push(share);
  };
  for (const [index, { afterMonths, share }] of steps.entries()) {
    add(afterMonths, new Decimal(share));
    const next = steps[index + 1];
    // Months differ in length, so that a line that is straight in months has a bend at each of them.
    if (next)
      for (let month = Math.floor(afterMonths) + 1; month < next.afterMonths; month++) {
        const part = new Decimal(month - afterMonths).div(next.afterMonths - afterMonths);
        add(month, new Decimal(next.share).minus(share).times(part).plus(share));
      }
  }
  return { days, values, linear: true };
}

function dayAfter(startsOn: LocalDate, months: number): number {
  const whole = Math.floor(months);
  const day = epochDay(addMonths(startsOn, whole));
  return day + (months - whole) * (epochDay(addMonths(startsOn, whole + 1)) - day);
}
