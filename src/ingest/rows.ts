import type { CostLine, Measurement } from '#domain';
import { type IngestCost, type IngestQuote, type IngestRow, type ParsedPage, PermanentError } from '#kit';

/** Warnings kept with one pull; beyond them only their number. */
const MAX_WARNINGS = 100;

/** The years 1 to 9999. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** The same labels give the same text, whatever their order. Label objects are remembered: a page shares them over many rows. */
function labelTexts(): (labels: Readonly<Record<string, string>>) => string {
  const seen = new WeakMap<object, string>();
  return (labels) => {
    let text = seen.get(labels);
    if (text === undefined) {
      text = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
      seen.set(labels, text);
    }
    return text;
  };
}

function sameSample(a: Measurement, b: Measurement): boolean {
  return (
    a.value === b.value &&
    a.durationMs === b.durationMs &&
    a.numerator === b.numerator &&
    a.denominator === b.denominator
  );
}

function sameCost(a: CostLine, b: CostLine): boolean {
  const content = ({ pageHash: _, ...line }: CostLine & { pageHash?: string | null }) =>
    JSON.stringify(Object.entries(line).sort(([x], [y]) => (x < y ? -1 : 1)));
  return content(a) === content(b);
}

const sameRate = (a: IngestQuote, b: IngestQuote): boolean => a.rate === b.rate;

/** Rows that are ready to be stored, each sample, cost line and exchange rate once. */
export interface RowBatch {
  samples: IngestRow[];
  costs: IngestCost[];
  quotes: IngestQuote[];
  /** Keys of the cost lines among them that are of documents which the pull brings whole. */
  cameKeys: string[];
  size: number;
}

/** What one pull brought and was not taken yet; of two rows for the same, the last one counts. Page bodies are not held. */
export class PulledRows {
  readonly #redact: (text: string) => string;
  readonly #labelsKey = labelTexts();
  #samples = new Map<string, Map<number, IngestRow>>();
  #costs = new Map<string, IngestCost>();
  #quotes = new Map<string, IngestQuote>();
  readonly #complete = new Set<string>();
  #cameKeys = new Set<string>();
  #held = 0;
  #takenSamples = 0;
  #taken = 0;
  readonly #series = new Set<string>();
  readonly #warnings: string[] = [];
  #moreWarnings = 0;
  #differing = 0;
  #firstDiffering = '';

  /** Warnings quote what the source answered, which may repeat a secret. */
  constructor(redact: (text: string) => string) {
    this.#redact = redact;
  }

  /**
   * Samples whose interval ended after `finalUpToMs` are provisional: the source may still correct them.
   * Throws PermanentError `source/bad-shape` for a time that no calendar has.
   */
  add(page: ParsedPage, pageHash: string, finalUpToMs: number): void {
    for (const sample of page.measurements) {
      if (!(sample.atMs >= EARLIEST_MS && sample.atMs <= LATEST_MS))
        throw new PermanentError(
          'source/bad-shape',
          `a sample lies at ${sample.atMs} ms since 1970, which is no date`,
          {
            hint: 'Check the field and the unit of its times: seconds, milliseconds or nanoseconds.',
          },
        );
      const series = `${this.#labelsKey(sample.labels)} ${sample.unit}`;
      const young = sample.status === 'final' && sample.atMs + sample.durationMs > finalUpToMs;
      // The parser has no more use for its own object, and there are millions of them.
      const row: IngestRow = Object.assign(sample, { pageHash });
      if (young) row.status = 'provisional';
      let samples = this.#samples.get(series);
      if (samples === undefined) {
        this.#series.add(series);
        samples = new Map();
        this.#samples.set(series, samples);
      }
      this.#put(samples, sample.atMs, row, sameSample, () => `${new Date(sample.atMs).toISOString()} ${series}`);
    }
    for (const { sourceKeyPrefix } of page.complete ?? []) this.#complete.add(sourceKeyPrefix);
    if (page.complete !== undefined) for (const { sourceKey } of page.costs) this.#cameKeys.add(sourceKey);
    for (const line of page.costs)
      this.#put(this.#costs, line.sourceKey, { ...line, pageHash }, sameCost, () => `cost line ${line.sourceKey}`);
    for (const quote of page.quotes ?? []) {
      const pair = `${quote.base}/${quote.quote} of ${quote.date}`;
      this.#put(this.#quotes, pair, { ...quote, pageHash }, sameRate, () => `rate ${pair}`);
    }
    for (const warning of page.warnings) this.warn(warning);
  }

  #put<K, T>(map: Map<K, T>, key: K, row: T, same: (a: T, b: T) => boolean, describe: () => string): void {
    const before = map.get(key);
    if (before === undefined) this.#held++;
    else if (!same(before, row)) {
      this.#differing++;
      this.#firstDiffering ||= describe();
    }
    map.set(key, row);
  }

  /** What is held; afterwards nothing is. Counts and warnings go on. */
  take(): RowBatch {
    const samples: IngestRow[] = [];
    for (const series of this.#samples.values()) for (const row of series.values()) samples.push(row);
    const batch = {
      samples,
      costs: [...this.#costs.values()],
      quotes: [...this.#quotes.values()],
      cameKeys: [...this.#cameKeys],
      size: this.#held,
    };
    this.#taken += batch.size;
    this.#takenSamples += samples.length;
    this.#samples = new Map();
    this.#costs = new Map();
    this.#quotes = new Map();
    this.#cameKeys = new Set();
    this.#held = 0;
    return batch;
  }

  warn(warning: string): void {
    if (this.#warnings.includes(warning)) return;
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push(warning);
    else this.#moreWarnings++;
  }

  /** Rows that wait to be taken. */
  get held(): number {
    return this.#held;
  }
  /** Samples of the whole pull that were taken. */
  get sampleCount(): number {
    return this.#takenSamples;
  }
  /** Rows of the whole pull that were taken. */
  get size(): number {
    return this.#taken;
  }
  /** Beginnings of the keys of documents that the pull brings whole. */
  get completePrefixes(): string[] {
    return [...this.#complete];
  }
  get seriesCount(): number {
    return this.#series.size;
  }
  /** `repeated`: samples that came once more, with another value, after they had been taken. */
  warnings(repeated = 0): string[] {
    const all = [...this.#warnings];
    const differing = this.#differing + repeated;
    if (differing > 0)
      all.push(
        `${differing} ${differing === 1 ? 'row came' : 'rows came'} twice with another value, the last one counts${this.#firstDiffering === '' ? '' : ` (first: ${this.#firstDiffering})`}; labels or sourceKey may lack a field that tells them apart`,
      );
    if (this.#moreWarnings > 0) all.push(`and ${this.#moreWarnings} more warnings`);
    return all.map(this.#redact);
  }
}
