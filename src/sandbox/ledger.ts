import { atDate, DAY_MS, dateOf, plusDays, type StoryDates, WEEK_MS, weekday } from './calendar.ts';
import { normal, seeded } from './random.ts';

/** A row of the ERP's project costs. */
export interface ProjectCost {
  DocumentNo: string;
  Item: number;
  /** `P-1001` Checkout rewrite, `P-1002` Warehouse scanner rollout. */
  WbsElement: string;
  CompanyCode: string;
  CostElement: string;
  CostElementName: string;
  /** As SAP has it: `04` actual, `01` plan. */
  ValueType: string;
  /** Two decimals. */
  Amount: string;
  Currency: string;
  PostingDate: string;
  /** `DocumentNo/Item` of the line that this one takes back. */
  ReversedDocument: string | null;
  Text: string | null;
  CreatedAt: string;
}

/** A row of the ERP's time sheets: one a day and team. */
export interface ServiceHour {
  EntryNo: string;
  WorkDate: string;
  Team: string;
  WbsElement: string;
  Hours: string;
  ChangedAt: string;
}

interface Posting {
  /** Days after the start. */
  day: number;
  element: keyof typeof elements;
  amount: string;
  text: string | null;
  reverses?: number;
  /** Euros unless said otherwise. */
  currency?: 'USD';
}

const elements = {
  '0000613000': 'External services',
  '0000943110': 'Internal development',
  '0000420300': 'Hardware',
  '0000476500': 'Licences and cloud',
} as const;

const everyWeeks = (weeks: number, fromDay: number, untilDay: number): number[] => {
  const days: number[] = [];
  for (let day = fromDay; day <= untilDay; day += weeks * 7) days.push(day);
  return days;
};

const checkoutBudget: Posting[] = [
  { day: 0, element: '0000613000', amount: '46000.00', text: 'Plan: payment integrator' },
  { day: 0, element: '0000943110', amount: '42000.00', text: 'Plan: shop team' },
  { day: 0, element: '0000476500', amount: '24000.00', text: 'Plan: payment platform and cloud' },
  { day: 0, element: '0000476500', amount: '74000.00', text: 'Plan: cloud and upkeep, three years' },
];
const scannerBudget: Posting[] = [
  { day: 0, element: '0000420300', amount: '24000.00', text: 'Plan: 60 hand scanners' },
  { day: 0, element: '0000613000', amount: '20000.00', text: 'Plan: warehouse consultants' },
];

/** Built in eight weeks, then it costs little to run. One invoice was posted twice and taken back. */
const checkoutPostings = (days: number): Posting[] => [
  { day: 2, element: '0000613000', amount: '31800.00', text: 'Payment integrator, fixed price' },
  { day: 3, element: '0000476500', amount: '10600.00', text: 'Payment platform, set-up fee', currency: 'USD' },
  { day: 16, element: '0000613000', amount: '7400.00', text: 'Penetration test' },
  { day: 30, element: '0000613000', amount: '4800.00', text: 'Accessibility review' },
  { day: 31, element: '0000613000', amount: '4800.00', text: 'Accessibility review' },
  { day: 45, element: '0000613000', amount: '-4800.00', text: 'Reversal: invoice posted twice', reverses: 4 },
  ...everyWeeks(1, 4, 46).map((day): Posting => ({ day, element: '0000943110', amount: '4450.00', text: null })),
  ...everyWeeks(2, 15, days).map(
    (day): Posting => ({ day, element: '0000476500', amount: '920.00', text: 'Cloud, two weeks', currency: 'USD' }),
  ),
  ...everyWeeks(4, 73, days).map((day): Posting => ({ day, element: '0000943110', amount: '910.00', text: 'Upkeep' })),
];

/** Hardware first, then consultants who do not leave. */
const scannerPostings = (days: number): Posting[] => [
  { day: 1, element: '0000420300', amount: '17900.00', text: '60 hand scanners' },
  { day: 22, element: '0000420300', amount: '6240.00', text: 'Docking stations, spare batteries' },
  ...everyWeeks(2, 11, days).map(
    (day): Posting => ({ day, element: '0000613000', amount: '1980.00', text: 'Warehouse consultants, two weeks' }),
  ),
  ...everyWeeks(4, 25, days).map(
    (day): Posting => ({ day, element: '0000476500', amount: '798.00', text: 'Device management, licences' }),
  ),
];

/** All documents posted up to the last day that is over. */
export function projectCosts(dates: StoryDates): ProjectCost[] {
  const days = Math.round((atDate(dates.lastDate) - atDate(dates.startsOn)) / DAY_MS);
  return [
    ...book(dates, 'P-1001', 100_000, '01', checkoutBudget),
    ...book(dates, 'P-1002', 200_000, '01', scannerBudget),
    ...book(dates, 'P-1001', 4_900_100, '04', checkoutPostings(days)),
    ...book(dates, 'P-1002', 4_900_500, '04', scannerPostings(days)),
  ].filter((row) => row.PostingDate <= dates.lastDate);
}

function book(
  dates: StoryDates,
  wbs: string,
  firstNumber: number,
  valueType: string,
  list: readonly Posting[],
): ProjectCost[] {
  const number = (index: number): string => String(firstNumber + index).padStart(10, '0');
  return list.map((posting, index) => {
    const date = workday(plusDays(dates.startsOn, posting.day));
    return {
      DocumentNo: number(index),
      Item: 1,
      WbsElement: wbs,
      CompanyCode: '1010',
      CostElement: posting.element,
      CostElementName: elements[posting.element],
      ValueType: valueType,
      Amount: posting.amount,
      Currency: posting.currency ?? 'EUR',
      PostingDate: date,
      ReversedDocument: posting.reverses === undefined ? null : `${number(posting.reverses)}/1`,
      Text: posting.text,
      CreatedAt: `${date}T15:30:00Z`,
    };
  });
}

/** Nobody posts at the weekend: the Friday before. */
const workday = (date: string): string => plusDays(date, -Math.max(0, weekday(atDate(date)) - 4));

const teams = [
  { team: 'Shop support', code: 'S', wbs: 'P-1001', before: 96, after: 62 },
  { team: 'Warehouse support', code: 'W', wbs: 'P-1002', before: 20, after: 27 },
] as const;

/** Hours of both support teams, one row a day up to the last day that is over. */
export function serviceHours(dates: StoryDates): ServiceHour[] {
  const liveMs = atDate(dates.liveOn);
  return teams.flatMap((plan) => {
    const rows: ServiceHour[] = [];
    for (let date = dates.startsOn; date <= dates.lastDate; date = plusDays(date, 1)) {
      const atMs = atDate(date);
      const settled = atMs < liveMs ? 0 : 1 - Math.exp(-(atMs - liveMs) / (2 * WEEK_MS));
      const perWeek = plan.before + (plan.after - plan.before) * settled;
      const share = weekday(atMs) < 5 ? 0.18 : 0.05;
      const hours = perWeek * share * (1 + 0.1 * normal(seeded(`${plan.team}|${date}`)));
      rows.push({
        EntryNo: `${plan.code}${date.replaceAll('-', '')}`,
        WorkDate: date,
        Team: plan.team,
        WbsElement: plan.wbs,
        // Time sheets know quarters of an hour.
        Hours: (Math.round(hours * 4) / 4).toFixed(2),
        ChangedAt: `${dateOf(atMs + DAY_MS)}T06:00:00Z`,
      });
    }
    return rows;
  });
}
