import {
  addDays,
  type CostLine,
  type LocalDate,
  type Project,
  type RoiInput,
  type StoredSample,
  startOfDayMs,
  type ValueMetric,
} from '#domain';

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
    baseline: { kind: 'value', value: '119' },
    counterfactual: { kind: 'constant' },
    target: null,
    rates: [{ from: '2026-01-01', to: null, amount: '450', currency: 'EUR', per: 'failure' }],
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
    horizonYears: 3,
    discountRate: '0.08',
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

export function inputWith(
  project: Project,
  asOf: LocalDate,
  samples: StoredSample[],
  changes: Partial<RoiInput> = {},
): RoiInput {
  const [metric] = project.metrics;
  return {
    project,
    asOf,
    metrics: metric
      ? [{ metricId: metric.id, source: { samples, intervalMs: null }, denominator: null, exposure: null }]
      : [],
    costs: [],
    fxRates: [],
    ...changes,
  };
}
