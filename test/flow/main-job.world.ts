import type { CapProjectCost } from '../harness/servers/cap.ts';

/** The story that the flow test tells its servers, and what must come out of it: plain arithmetic that shares no code with the product. */
export interface World {
  nowMs: number;
  /** Local dates in Berlin. */
  firstDay: string;
  goLive: string;
  today: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HISTORY_DAYS = 63;
const GO_LIVE_AFTER_DAYS = 28;

const berlin = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin' });
const localDay = (atMs: number): string => berlin.format(atMs);

export function world(nowMs: number): World {
  return {
    nowMs,
    firstDay: localDay(nowMs - HISTORY_DAYS * DAY_MS),
    goLive: localDay(nowMs - (HISTORY_DAYS - GO_LIVE_AFTER_DAYS) * DAY_MS),
    today: localDay(nowMs),
  };
}

/** One point at each full hour for the hour before it; falls by half at go-live. */
export function failuresPerHour({ nowMs, goLive }: World): { atMs: number; value: number }[] {
  const last = Math.floor(nowMs / HOUR_MS);
  const points: { atMs: number; value: number }[] = [];
  for (let hour = last - (HISTORY_DAYS + 2) * 24; hour <= last; hour += 1) {
    const before = localDay((hour - 1) * HOUR_MS) < goLive;
    points.push({ atMs: hour * HOUR_MS, value: before ? 12 + ((hour * 7) % 5) : 5 + ((hour * 5) % 4) });
  }
  return points;
}

/** 130 documents (three pages of 50): mostly of the project, some of another one, some of another company, one in dollars, one credit. */
export function costRows({ nowMs }: World): CapProjectCost[] {
  return Array.from({ length: 130 }, (_, index) => ({
    DocumentNo: String(4_900_000_000 + index),
    Item: 1 + (index % 3),
    WbsElement: index % 10 === 9 ? 'P-2002' : 'P-1001',
    CompanyCode: index % 26 === 25 ? '2020' : '1010',
    CostElement: index % 2 === 0 ? 'external' : 'licences',
    Amount: index === 40 ? '-75.25' : (60 + index * 0.83).toFixed(2),
    Currency: index === 52 ? 'USD' : 'EUR',
    PostingDate: localDay(nowMs - (HISTORY_DAYS - 2 - (index % 60)) * DAY_MS),
    Text: `Invoice ${index}`,
    CreatedAt: new Date(nowMs - DAY_MS).toISOString(),
  }));
}

/** Realised and discounted figures of the project. Money flows at the end of its calendar month, discounted at 8 % by days / 365. */
export function expectedFigures(time: World, costs: readonly CapProjectCost[]) {
  const perDay = new Map<string, number>();
  for (const { atMs, value } of failuresPerHour(time)) {
    const day = localDay(atMs - HOUR_MS);
    perDay.set(day, (perDay.get(day) ?? 0) + value);
  }
  const days = [...perDay].filter(([day]) => day >= time.firstDay && day < time.today);
  const baselineDays = days.filter(([day]) => day < time.goLive);
  const baseline = baselineDays.reduce((sum, [, value]) => sum + value, 0) / baselineDays.length;
  const benefits = days
    .filter(([day]) => day >= time.goLive)
    .map(([day, value]) => ({ day, amount: (baseline - value) * 4.5 * 0.8 * (baseline >= value ? 0.9 : 1) }));
  const payments = costs
    .filter((row) => row.WbsElement === 'P-1001' && row.CompanyCode === '1010')
    .map((row) => ({ day: row.PostingDate, amount: Number(row.Amount) * (row.Currency === 'USD' ? 0.92 : 1) }));
  const sum = (flows: { amount: number }[]): number => flows.reduce((total, flow) => total + flow.amount, 0);
  const present = (flows: { day: string; amount: number }[]): number =>
    flows.reduce(
      (total, flow) => total + flow.amount / 1.08 ** (daysBetween(time.firstDay, flowDate(flow.day, time.today)) / 365),
      0,
    );
  const [benefit, cost, pvBenefits, pvCosts] = [sum(benefits), sum(payments), present(benefits), present(payments)];
  return {
    benefit,
    cost,
    realisedRoi: (benefit - cost) / cost,
    npv: pvBenefits - pvCosts,
    roi: (pvBenefits - pvCosts) / pvCosts,
  };
}

/** The last day of the month, or today while the month runs. */
function flowDate(day: string, today: string): string {
  const [year = 0, month = 0] = day.split('-').map(Number);
  const last = new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
  return last < today ? last : today;
}

const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / DAY_MS;
