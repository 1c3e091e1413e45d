import {
  addDays,
  type CurrencyCode,
  createFxBook,
  FX_MAX_AGE_DAYS,
  type FxAverage,
  type FxLeg,
  type FxQuote,
  type FxRate,
  fxNeeds,
  type LocalDate,
  type Project,
} from '#domain';
import type { Store, StoredFxQuote } from '#kit';

type FxStore = Pick<Store, 'fx' | 'projects'>;

/** What a rate is asked of: one date, or the days of [from, to). */
export type FxQuestion = { from: CurrencyCode; to: CurrencyCode; knownAtMs?: number | undefined } & (
  | { on: LocalDate }
  | { period: { from: LocalDate; to: LocalDate } }
);
/** A leg with what is stored of its quote; null for a configured one. */
export type FxLegWithOrigin = FxLeg & { stored: StoredFxQuote | null };
export type FxAnswer =
  | { found: true; rate: string; path: CurrencyCode[]; average: FxAverage | null; legs: FxLegWithOrigin[] }
  | { found: false; missingOn: LocalDate; newest: FxQuote[] };

/** Looks a rate up as the computation of figures does. */
export async function readFxRate(store: FxStore, question: FxQuestion): Promise<FxAnswer> {
  const { from, to, knownAtMs } = question;
  const period = 'period' in question ? question.period : { from: question.on, to: addDays(question.on, 1) };
  const configured = await store.fx.configuredAt(knownAtMs);
  const quotes = await store.fx.read({
    currencies: withPivots([from, to], configured),
    from: addDays(period.from, -FX_MAX_AGE_DAYS),
    to: period.to,
    knownAtMs,
  });
  const book = createFxBook(configured, quotes);
  const lookup = 'period' in question ? book.average(from, to, period) : book.on(from, to, question.on);
  if (!lookup.found) {
    const held = await store.fx.read({ currencies: [from, to], from: '1999-01-01', to: period.to, knownAtMs });
    const newest = new Map<string, FxQuote>();
    for (const quote of held) newest.set(`${quote.source} ${quote.base} ${quote.quote}`, quote);
    return { found: false, missingOn: lookup.date, newest: [...newest.values()] };
  }
  const legs: FxLegWithOrigin[] = [];
  for (const leg of lookup.legs) {
    const key = { base: leg.quoted.base, quote: leg.quoted.quote, date: leg.date, source: leg.source };
    legs.push({ ...leg, stored: leg.origin === 'published' ? await store.fx.find(key, { knownAtMs }) : null });
  }
  return {
    found: true,
    rate: lookup.rate.toSignificantDigits(12).toFixed(),
    path: lookup.path,
    average: lookup.average,
    legs,
  };
}

const withPivots = (currencies: CurrencyCode[], rates: readonly FxRate[]): CurrencyCode[] => [
  ...new Set([
    ...currencies,
    ...rates.flatMap(({ from, to }) => (currencies.includes(from) || currencies.includes(to) ? [from, to] : [])),
  ]),
];

/** Whether a project has every rate from its first date to a day. `gaps`: stretches [from, to) without one. */
export interface FxProjectCoverage {
  project: string;
  from: CurrencyCode;
  to: CurrencyCode;
  since: LocalDate;
  until: LocalDate;
  gaps: { from: LocalDate; to: LocalDate }[];
}

/** Of each project in force and each currency that it converts, up to and on `today`. */
export async function readFxCoverage(store: FxStore, today: LocalDate): Promise<FxProjectCoverage[]> {
  const [projects, configured, ofCosts] = await Promise.all([
    store.projects.list(),
    store.fx.configuredAt(),
    store.fx.costCurrencies(),
  ]);
  const covered: FxProjectCoverage[] = [];
  for (const project of projects) {
    const costs = ofCosts
      .filter((cost) => isOf(project, cost))
      .map((cost) => ({ ...cost, postingDate: cost.firstPostedOn }));
    const { converted, currencies, from: first } = fxNeeds(project, costs, configured);
    if (converted.length === 0) continue;
    const since = addDays(first, FX_MAX_AGE_DAYS);
    const quotes = await store.fx.read({ currencies, from: first, to: addDays(today, 1) });
    const book = createFxBook(configured, quotes);
    for (const code of converted) {
      const gaps: FxProjectCoverage['gaps'] = [];
      for (let date = since; date <= today; date = addDays(date, 1)) {
        if (book.on(code, project.currency, date).found) continue;
        const last = gaps.at(-1);
        if (last?.to === date) last.to = addDays(date, 1);
        else gaps.push({ from: date, to: addDays(date, 1) });
      }
      covered.push({ project: project.id, from: code, to: project.currency, since, until: today, gaps });
    }
  }
  return covered;
}

const isOf = ({ costSources }: Project, cost: { connector: string; stream: string; projectRef: string }): boolean =>
  costSources.some(
    ({ connector, stream, projectRef }) =>
      connector === cost.connector && stream === cost.stream && projectRef === cost.projectRef,
  );
