import {
  addDays,
  addMonths,
  type Baseline,
  type CostLine,
  type LocalDate,
  type MetricSamples,
  type Project,
  type RoiInput,
  type RoiOutputs,
  readMetric,
  type StoredSample,
  startOfDayMs,
  type ValueMetric,
} from '#domain';

/** What a project has that most tests have no wish about. */
export const projectDefaults = {
  managed: 'config',
  convention: 'dated',
  discount: [{ fromYear: 0, rate: '0.08' }],
  priceBasis: { kind: 'nominal' },
  fiscalCalendar: { kind: 'months', firstMonth: 1 },
  costRisk: '0',
  simulation: { seed: 1, draws: 200 },
  deliverables: [],
  plans: [],
} satisfies Partial<Project>;
/** What outputs have that most tests have no wish about. */
export const outputDefaults = {
  convention: 'dated',
  mirr: null,
  npvCurve: [],
  fiscalYears: [],
  plan: null,
  forecast: null,
  variance: null,
  constantCurrency: null,
  deliverables: [],
  doubt: null,
  sensitivity: null,
} satisfies Partial<RoiOutputs>;
export const metricDefaults = {
  counterfactual: { kind: 'constant' },
  stockValuation: null,
  dropOff: '0',
  ramp: [],
  startRule: null,
  hasStarted: true,
  claimKey: null,
} satisfies Partial<ValueMetric>;
/** A level that somebody gave. */
export const baselineOf = (value: string): Baseline => ({
  kind: 'value',
  value,
  n: null,
  sd: null,
  approvedBy: null,
  frozenOn: null,
});
export const baselineWindow = (from: LocalDate, to: LocalDate): Baseline => ({
  kind: 'window',
  from,
  to,
  approvedBy: null,
  frozenOn: null,
});

/** Projects as the store takes them. */
export const draftsOf = (...projects: Project[]): { project: Project }[] => projects.map((project) => ({ project }));
export const byTest = { by: 'test' };

export function metricWith(changes: Partial<ValueMetric> = {}): ValueMetric {
  return {
    id: 'failures',
    name: 'Failed checkouts',
    owner: null,
    benefitClass: 'cash-releasing',
    kind: 'flow',
    unit: 'failures',
    direction: 'down',
    source: { connector: 'shop', stream: 'failures', labels: {} },
    denominator: null,
    exposure: null,
    cadence: 'month',
    freshnessLimitMs: 2 * 86_400_000,
    baseline: baselineOf('119'),
    ...metricDefaults,
    target: null,
    rates: [{ from: '2026-01-01', to: null, amount: '450', currency: 'EUR', per: 'failure', perPeriod: null }],
    attribution: '1',
    deadweight: '0',
    displacement: '0',
    confidence: '1',
    startsOn: '2026-01-01',
    endsOn: null,
    ...changes,
  };
}

export function projectWith(metrics: ValueMetric[], changes: Partial<Project> = {}): Project {
  return {
    id: 'checkout',
    name: 'Checkout rewrite',
    portfolio: null,
    sponsor: null,
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    startsOn: '2026-01-01',
    horizonEndsOn: '2029-01-01',
    ...projectDefaults,
    timing: 'end',
    metrics,
    costSources: [],
    manualCosts: [],
    ...changes,
  };
}

export function costWith(changes: Partial<CostLine> = {}): CostLine {
  return {
    sourceKey: `${changes.postingDate ?? '2026-01-15'}/${changes.amount ?? '1000'}`,
    projectRef: 'P-1',
    kind: 'actual',
    capitalisation: 'opex',
    recurrence: 'one-off',
    pool: null,
    amount: '1000',
    currency: 'EUR',
    postingDate: '2026-01-15',
    cashDate: null,
    document: null,
    correctionOf: null,
    text: null,
    ...changes,
  };
}

export function sampleAt(
  atMs: number,
  durationMs: number,
  value: number | null,
  changes: Partial<StoredSample> = {},
): StoredSample {
  return {
    seriesId: 's1',
    seriesKey: changes.seriesId ?? 's1',
    atMs,
    durationMs,
    value,
    numerator: null,
    denominator: null,
    status: value === null ? 'missing' : 'final',
    revision: 1,
    pullId: 'p1',
    pageHash: 'h1',
    observedAtMs: 0,
    recordedAtMs: 0,
    ...changes,
  };
}

/** One 24-hour sample for each local day of [from, to): what a daily export looks like. */
export function daily(
  from: LocalDate,
  to: LocalDate,
  value: (date: LocalDate, index: number) => number | null,
  changes: Partial<StoredSample> = {},
  timeZone = 'Europe/Berlin',
): StoredSample[] {
  const samples: StoredSample[] = [];
  for (let date = from, index = 0; date < to; date = addDays(date, 1), index++)
    samples.push(sampleAt(startOfDayMs(date, timeZone), 86_400_000, value(date, index), changes));
  return samples;
}

/** One sample for each month from `from` on, covering it: what a monthly report looks like. */
export function monthly(
  from: LocalDate,
  values: readonly (number | null)[],
  changes: Partial<StoredSample> = {},
  timeZone = 'Europe/Berlin',
): StoredSample[] {
  return values.map((value, index) => {
    const [start, end] = [index, index + 1].map((months) => startOfDayMs(addMonths(from, months), timeZone));
    return sampleAt(start as number, (end as number) - (start as number), value, changes);
  });
}

export const samplesOf = (metricId: string, samples: StoredSample[]): MetricSamples => ({
  metricId,
  source: { samples, intervalMs: null },
  denominator: null,
  exposure: null,
  control: null,
  frozen: null,
});

/** The project's first metric with these samples, or each with its own set. */
export function inputWith(
  project: Project,
  asOf: LocalDate,
  samples: StoredSample[],
  { metrics, ...changes }: Partial<Omit<RoiInput, 'metrics'>> & { metrics?: Partial<MetricSamples>[] } = {},
): RoiInput {
  const [first] = project.metrics;
  const sets = metrics ?? (first ? [samplesOf(first.id, samples)] : []);
  return {
    project,
    asOf,
    closedBefore: asOf,
    metrics: project.metrics.map((metric) => {
      const set = sets.find(({ metricId }) => metricId === metric.id);
      return readMetric(project, metric, set && { ...samplesOf(metric.id, []), ...set }, asOf);
    }),
    costs: [],
    unreadCostSources: [],
    fxRates: [],
    fxQuotes: [],
    ...changes,
  };
}
