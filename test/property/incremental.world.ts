import fc from 'fast-check';
import {
  addDays,
  addMonths,
  type KeptReadings,
  type LocalDate,
  type Project,
  type SampleStatus,
  type SeriesSource,
  type StoredSample,
  startOfDayMs,
  type ValueMetric,
} from '#domain';
import type { IngestRow, MeasurementRepository, ReadingRepository, SeriesRow } from '#kit';
import { baselineWindow, metricWith, projectWith } from '../factories/value.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
export const FIRST = '2026-01-01';

/** How a series' samples lie in time. */
export type Style = 'daily' | 'hourly' | 'instants' | 'monthly';
export interface Point {
  stream: 'main' | 'den' | 'exp' | 'ctl';
  series: number;
  /** Days from `FIRST`. */
  day: number;
  hour: number;
  value: number;
  status: SampleStatus;
  /** Now and then a sample covers another length than its series usually does. */
  odd: boolean;
}
export type Bulk = { do: 'bulk'; stream: Point['stream']; series: number; day: number };
export type Step =
  | { do: 'pull'; points: Point[] }
  /** Many at once, so that a series' beginning is settled. */
  | Bulk
  | { do: 'define'; definition: Definition }
  | { do: 'recompute'; days: number };
export interface Definition {
  kind: ValueMetric['kind'];
  cadence: ValueMetric['cadence'];
  startsOn: LocalDate;
  withBaseline: boolean;
  frozenOn: LocalDate | null;
  withControl: boolean;
  withExposure: boolean;
}
export interface Scenario {
  timeZone: string;
  styles: Style[];
  /** Of the main stream. */
  declaresInterval: boolean;
  first: Definition;
  steps: Step[];
}

const definition: fc.Arbitrary<Definition> = fc.record({
  kind: fc.constantFrom('flow' as const, 'stock' as const, 'ratio' as const, 'percentile' as const),
  cadence: fc.constantFrom('day' as const, 'week' as const, 'month' as const),
  startsOn: fc.constantFrom('2026-01-01', '2026-01-20'),
  withBaseline: fc.boolean(),
  frozenOn: fc.constantFrom(null, '2026-01-25', '2026-03-10'),
  withControl: fc.boolean(),
  withExposure: fc.boolean(),
});
const stream = fc.constantFrom('main' as const, 'main' as const, 'den' as const, 'exp' as const, 'ctl' as const);
const point: fc.Arbitrary<Point> = fc.record({
  stream,
  series: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2),
  day: fc.integer({ min: -25, max: 110 }),
  hour: fc.nat({ max: 23 }),
  value: fc.nat({ max: 9 }),
  status: fc.constantFrom<SampleStatus>(
    ...Array<SampleStatus>(6).fill('final'),
    'provisional',
    'provisional',
    'missing',
    'estimated',
  ),
  odd: fc.nat({ max: 60 }).map((n) => n === 1),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pull' as const), points: fc.array(point, { minLength: 1, maxLength: 8 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('bulk' as const),
      stream,
      series: fc.nat({ max: 1 }),
      day: fc.integer({ min: -25, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('define' as const), definition }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('recompute' as const), days: fc.constantFrom(0, 0, 1, 3, 20) }) },
);
export const scenario: fc.Arbitrary<Scenario> = fc.record({
  timeZone: fc.constantFrom('Europe/Berlin', 'Australia/Lord_Howe', 'America/New_York'),
  styles: fc.array(fc.constantFrom<Style>('daily', 'daily', 'hourly', 'instants', 'monthly'), {
    minLength: 3,
    maxLength: 3,
  }),
  declaresInterval: fc.boolean(),
  first: definition,
  steps: fc.array(step, { minLength: 4, maxLength: 14 }),
});

export function projectOf({ timeZone }: Scenario, definition: Definition, connector: string): Project {
  const source = (name: Point['stream']): SeriesSource => ({ connector, stream: name, labels: {} });
  const { kind, cadence, startsOn, withBaseline, frozenOn, withControl, withExposure } = definition;
  return projectWith(
    [
      metricWith({
        kind,
        cadence,
        startsOn,
        source: source('main'),
        denominator: kind === 'ratio' ? source('den') : null,
        exposure:
          kind === 'ratio' || kind === 'percentile'
            ? withExposure
              ? { kind: 'series', source: source('exp') }
              : { kind: 'value', value: '10' }
            : null,
        baseline: withBaseline ? { ...baselineWindow('2025-12-15', '2026-01-15'), frozenOn } : null,
        counterfactual:
          withControl && withBaseline
            ? { kind: 'control', source: source('ctl'), method: 'difference' }
            : { kind: 'constant' },
        stockValuation: kind === 'stock' ? 'holding' : null,
        rates: [
          {
            from: '2025-01-01',
            to: null,
            amount: '3',
            currency: 'EUR',
            per: 'unit',
            perPeriod: kind === 'stock' ? 'year' : null,
          },
        ],
      }),
    ],
    { id: connector, timeZone, startsOn },
  );
}

/** What a pull of these points would store. */
export function rowsOf({ timeZone, styles }: Scenario, points: readonly Point[]): IngestRow[] {
  return points.map(({ series, day, hour, value, status, odd }) => {
    const date = addDays(FIRST, day);
    const midnight = startOfDayMs(date, timeZone);
    const style = styles[series % styles.length];
    const month = `${date.slice(0, 7)}-01`;
    const place = {
      daily: { atMs: midnight, durationMs: DAY },
      hourly: { atMs: midnight + hour * HOUR, durationMs: HOUR },
      instants: { atMs: midnight + (hour % 2) * 12 * HOUR, durationMs: 0 },
      monthly: {
        atMs: startOfDayMs(month, timeZone),
        durationMs: startOfDayMs(addMonths(month, 1), timeZone) - startOfDayMs(month, timeZone),
      },
    }[style ?? 'daily'];
    return {
      labels: { series: String(series) },
      unit: 'failures',
      ...place,
      durationMs: odd ? place.durationMs * 2 + HOUR : place.durationMs,
      value: status === 'missing' ? null : value,
      status,
      pageHash: 'a'.repeat(64),
    };
  });
}

/** Days of a series in a row: twelve of an hourly one, seventy of any other. */
export const bulkOf = ({ styles }: Scenario, { stream: name, series, day }: Bulk): Point[] =>
  Array.from({ length: styles[series] === 'hourly' ? 12 * 24 : 70 * 2 }, (_, index) => ({
    stream: name,
    series,
    day: day + Math.floor(index / (styles[series] === 'hourly' ? 24 : 2)),
    hour: index % (styles[series] === 'hourly' ? 24 : 2),
    value: index % 7,
    status: 'final',
    odd: false,
  }));

/** Measurements in memory, by the rules of the real repository; for many more cases than a database can take. */
export class MemoryMeasurements
  implements Pick<MeasurementRepository, 'read' | 'readWindows' | 'readHeads' | 'series'>
{
  readonly #rows: (StoredSample & { stream: string })[] = [];
  nowMs = 0;

  /** Gives back what changed, as an ingest does. */
  ingest(name: string, rows: readonly IngestRow[]) {
    const latest = new Map(rows.map((row) => [`${row.atMs} ${JSON.stringify(row.labels)}`, row]));
    return [...latest.values()].flatMap((row) => {
      const seriesKey = row.labels['series'] ?? '';
      const old = this.#newest().find(
        (one) => one.stream === name && one.seriesKey === seriesKey && one.atMs === row.atMs,
      );
      const same = old?.value === row.value && old.durationMs === row.durationMs;
      if (old && same && (old.status === row.status || (old.status === 'final' && row.status === 'provisional')))
        return [];
      const isFinalised = old !== undefined && same && old.status === 'provisional' && row.status === 'final';
      const { atMs, durationMs, value, status } = row;
      this.#rows.push({
        stream: name,
        // Other ids than their keys, in another order: nothing may rest on them.
        seriesId: String(9 - Number(seriesKey)),
        seriesKey,
        atMs,
        durationMs,
        value,
        numerator: null,
        denominator: null,
        status,
        revision: isFinalised ? old.revision : (old?.revision ?? 0) + 1,
        pullId: 'p',
        pageHash: 'h',
        observedAtMs: this.nowMs,
        recordedAtMs: this.nowMs,
      });
      const covered = Math.max(durationMs, old?.durationMs ?? 0);
      return [{ seriesId: '', labels: row.labels, atMs, durationMs: covered, revision: 1 }];
    });
  }

  #newest(knownAtMs = Number.POSITIVE_INFINITY): (StoredSample & { stream: string })[] {
    const known = this.#rows.filter((row) => row.recordedAtMs <= knownAtMs);
    return [...new Map(known.map((row) => [`${row.stream} ${row.seriesKey} ${row.atMs}`, row])).values()].sort(
      (a, b) => a.atMs - b.atMs,
    );
  }
  async read(source: SeriesSource, range: { fromMs: number; toMs: number; knownAtMs?: number | undefined }) {
    return this.#newest(range.knownAtMs).filter(
      (row) => row.stream === source.stream && row.atMs >= range.fromMs && row.atMs < range.toMs,
    );
  }
  async series(source: SeriesSource): Promise<SeriesRow[]> {
    const keys = new Set(this.#rows.filter((row) => row.stream === source.stream).map((row) => row.seriesKey));
    return [...keys].map((key) => ({
      id: `${source.stream} ${key}`,
      key,
      connector: source.connector,
      stream: source.stream,
      labels: {},
      unit: '',
    }));
  }
  async readWindows(
    source: SeriesSource,
    windows: readonly { fromMs: number; toMs: number }[],
    range: { fromMs: number; toMs: number },
  ) {
    const all = await this.read(source, range);
    const isNear = new Set<StoredSample>();
    for (const { fromMs, toMs } of windows) {
      for (const row of all) if (row.atMs >= fromMs && row.atMs < toMs) isNear.add(row);
      const before = all.filter((row) => row.atMs < fromMs && isEvidence(row));
      for (const row of new Map(before.map((one) => [one.seriesKey, one])).values()) isNear.add(row);
    }
    return all.filter((row) => isNear.has(row));
  }
  async readHeads(series: readonly SeriesRow[], range: { fromMs: number; toMs: number }, limit: number) {
    const found: StoredSample[] = [];
    for (const { key, stream: name } of series) {
      const all = (await this.read({ connector: '', stream: name, labels: {} }, range)).filter(
        (row) => row.seriesKey === key,
      );
      const first = all.findIndex(isEvidence);
      found.push(...all.filter((_, index) => index < limit || index === first));
    }
    return found;
  }
}

const isEvidence = ({ value, status }: StoredSample): boolean =>
  value !== null && (status === 'final' || status === 'provisional');

export class MemoryReadings implements ReadingRepository {
  readonly #kept = new Map<string, string>();
  async get(projectId: string, metricId: string): Promise<KeptReadings | null> {
    const text = this.#kept.get(`${projectId} ${metricId}`);
    return text === undefined ? null : (JSON.parse(text) as KeptReadings);
  }
  /** As the real one: what is not named as changed stays as it was. */
  async put(
    projectId: string,
    metricId: string,
    readings: KeptReadings,
    changed: { periods: ReadonlySet<string>; frozen: boolean } | null,
  ): Promise<void> {
    const old = changed === null ? null : await this.get(projectId, metricId);
    const periods = new Map(old?.periods.map((one) => [one.from, one]));
    for (const one of readings.periods)
      if (changed === null || changed.periods.has(one.from)) periods.set(one.from, one);
    const frozen = changed === null || changed.frozen ? readings.frozen : (old?.frozen ?? []);
    const kept = { ...readings, periods: [...periods.values()].sort((a, b) => (a.from < b.from ? -1 : 1)), frozen };
    this.#kept.set(`${projectId} ${metricId}`, JSON.stringify(kept));
  }
  async dropOthers(): Promise<void> {}
}
