import { atDate, DAY_MS, HOUR_MS, type StoryDates, WEEK_MS, weekday } from './calendar.ts';
import { normal, seeded } from './random.ts';

/** One counter: how much it had risen at the end of each hour since `fromMs`. */
export interface Counter {
  name: string;
  help: string;
  labels: Record<string, string>;
  fromMs: number;
  /** `totals[0]` is 0 at `fromMs`; whole numbers. */
  totals: Float64Array;
}

interface CounterPlan {
  name: string;
  help: string;
  labels: Record<string, string>;
  /** Per week, before and (in the end) after going live. */
  before: number;
  after: number;
  /** Relative weight of an hour of the week; local hours, 0 is Monday. */
  weight(day: number, hour: number): number;
  hourlyNoise: number;
  dailyNoise: number;
  /** Days after going live on which something broke, and by what factor. */
  incidents: Readonly<Record<number, number>>;
}

/** Customers come in the evening and at the weekend. */
const shopWeight = (day: number, hour: number): number =>
  (0.25 + Math.max(0, Math.sin(((hour - 6) / 18) * Math.PI)) + (hour >= 19 && hour <= 22 ? 0.5 : 0)) *
  (day >= 5 ? 1.25 : 1);
/** Two shifts from Monday to Friday, one on Saturday; nothing moves at other times. */
const warehouseWeight = (day: number, hour: number): number => {
  if (day === 6 || hour < 6 || hour >= 22) return 0;
  if (day === 5) return hour < 14 ? 0.6 : 0;
  return hour === 13 || hour === 21 ? 1.3 : 1;
};

const plans: readonly CounterPlan[] = [
  ...(['de', 'at'] as const).flatMap((shop): CounterPlan[] => {
    const share = shop === 'de' ? 0.8 : 0.2;
    return [
      {
        name: 'checkout_failures_total',
        help: 'Checkouts that ended in an error.',
        labels: { shop },
        before: 1_750 * share,
        after: 840 * share,
        weight: shopWeight,
        hourlyNoise: 0.12,
        dailyNoise: 0.03,
        incidents: shop === 'de' ? { 59: 3.4, 60: 1.8 } : {},
      },
      {
        name: 'checkout_completed_total',
        help: 'Checkouts that ended with an order.',
        labels: { shop },
        before: 38_200 * share,
        after: 39_600 * share,
        weight: shopWeight,
        hourlyNoise: 0.12,
        dailyNoise: 0.04,
        incidents: shop === 'de' ? { 59: 0.82 } : {},
      },
    ];
  }),
  {
    name: 'pick_errors_total',
    help: 'Items picked from the wrong shelf, found at packing.',
    labels: { warehouse: 'hamburg' },
    before: 610,
    after: 482,
    weight: warehouseWeight,
    hourlyNoise: 0.1,
    dailyNoise: 0.02,
    incidents: {},
  },
];

/** Winter time all year: a shift by an hour in summer moves no figure that anybody looks at. */
const localOffsetMs = HOUR_MS;

/** Every counter of the sandbox, hour by hour. A day's numbers depend on the calendar alone. */
export function counters(dates: StoryDates): Counter[] {
  const hours = Math.max(0, Math.round((dates.toMs - dates.fromMs) / HOUR_MS));
  const liveMs = atDate(dates.liveOn);
  return plans.map((plan) => {
    const sumOfWeights = weekTotal(plan);
    const totals = new Float64Array(hours + 1);
    let hourly = seeded('');
    let dayFactor = 1;
    for (let index = 0; index < hours; index++) {
      const localMs = dates.fromMs + index * HOUR_MS + localOffsetMs;
      const hour = Math.floor(localMs / HOUR_MS) % 24;
      if (hour === 0 || index === 0) {
        const dayNumber = Math.floor(localMs / DAY_MS);
        hourly = seeded(`${plan.name}|${Object.values(plan.labels).join()}|${dayNumber}`);
        dayFactor = 1 + plan.dailyNoise * normal(hourly);
        dayFactor *= plan.incidents[dayNumber - Math.floor(liveMs / DAY_MS)] ?? 1;
        // The first day of the history begins in mid-day: draw what its missing hours would have drawn.
        for (let missed = 0; missed < hour; missed++) drawHour(hourly);
      }
      const { noise, rounding } = drawHour(hourly);
      const share = plan.weight(weekday(localMs), hour) / sumOfWeights;
      const expected = weeklyLevel(plan, localMs, liveMs) * share * dayFactor * (1 + plan.hourlyNoise * noise);
      totals[index + 1] = (totals[index] ?? 0) + Math.floor(Math.max(0, expected) + rounding);
    }
    return { name: plan.name, help: plan.help, labels: plan.labels, fromMs: dates.fromMs, totals };
  });
}

const drawHour = (random: () => number): { noise: number; rounding: number } => ({
  noise: normal(random),
  rounding: random(),
});

/** People and caches need some weeks to get used to what is new. */
function weeklyLevel(plan: CounterPlan, atMs: number, liveMs: number): number {
  if (atMs < liveMs) return plan.before;
  return plan.before + (plan.after - plan.before) * (1 - Math.exp(-(atMs - liveMs) / (2 * WEEK_MS)));
}

function weekTotal(plan: CounterPlan): number {
  let sum = 0;
  for (let hour = 0; hour < 168; hour++) sum += plan.weight(Math.floor(hour / 24), hour % 24);
  return sum;
}
