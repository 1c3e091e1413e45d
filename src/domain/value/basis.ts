import { ratesInWords } from '../finance/words.ts';
import { Decimal } from '../money/decimal.ts';
import { addDays } from '../time/dates.ts';
import type { LocalDate, Project } from '../types.ts';
import { discountStepsOf } from './flow-time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
function written(date: LocalDate): string {
  const [year, month, day] = date.split('-').map(Number);
  return `${day} ${MONTHS[(month ?? 1) - 1]} ${year}`;
}

const MONTH_WORDS = { start: 'month starts', mid: 'mid-month', end: 'month ends' } as const;
const YEAR_WORDS = { start: 'year starts', mid: 'mid-year', end: 'year ends' } as const;

function placing({ convention, timing }: Project): string {
  switch (convention) {
    case 'dated':
      return `flows at ${MONTH_WORDS[timing]}`;
    case 'tei':
      return `TEI, risk-adjusted: initial costs undiscounted, flows at ${YEAR_WORDS[timing]}`;
    case 'excel':
      return `as Excel’s NPV: flows at ${YEAR_WORDS[timing]}, the first too,`;
    case 'green-book':
      return 'Green Book: year 0 undiscounted, then';
    case 'servicenow':
      return 'as ServiceNow: the first year undiscounted, then';
  }
}

/** What the headline rests on, in words: convention, timing, rates and price basis. Part of every label. */
export function basisOf(project: Project, closedBefore: LocalDate): string {
  const { priceBasis } = project;
  const rates = ratesInWords(discountStepsOf(project));
  const prices =
    priceBasis.kind === 'nominal'
      ? ''
      : `, in prices of mid-${priceBasis.baseYear} (${inflationInWords(priceBasis.inflation)})`;
  return `closed periods to ${written(addDays(closedBefore, -1))}, ${placing(project)} discounted at ${rates} from ${written(project.startsOn)}${prices}`;
}

function inflationInWords(inflation: readonly { fromYear: number; rate: string }[]): string {
  if (inflation.length === 0) return 'no inflation';
  const steps = inflation.map(({ fromYear, rate }, index) => {
    const percent = ratesInWords([{ fromYear: 0, rate: new Decimal(rate) }]);
    return index === 0 ? percent : `from ${fromYear} ${percent}`;
  });
  return `inflation ${steps.join(', ')}`;
}
