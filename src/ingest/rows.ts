import type { CostLine, Measurement } from '#domain';
import { type IngestCost, type IngestQuote, type IngestRow, type ParsedPage, PermanentError } from '#kit';

/** Warnings kept with one pull; beyond them only their number. */
const MAX_WARNINGS = 100;

/** The years 1 to 9999. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** The same labels give the same text, whatever their order. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
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

/** What one pull brought, each sample, cost line and exchange rate once. Only parsed rows are held, never page bodies. */
export class PulledRows {
  readonly #redact: (text: string) => string;
  readonly #samples = new Map<string, IngestRow>();
  readonly #costs = new Map<string, IngestCost>();
  readonly #quotes = new Map<string, IngestQuote>();
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
      const series = `${labelsKey(sample.labels)} ${sample.unit}`;
      const young = sample.status === 'final' && sample.atMs + sample.durationMs > finalUpToMs;
      const row: IngestRow = { ...sample, status: young ? 'provisional' : sample.status, pageHash };
      this.#series.add(series);
      this.#put(this.#samples, `${sample.atMs} ${series}`, row, sameSample, () => {
        return `${new Date(sample.atMs).toISOString()} ${series}`;
      });
    }
    for (const line of page.costs)
      this.#put(this.#costs, line.sourceKey, { ...line, pageHash }, sameCost, () => `cost line ${line.sourceKey}`);
    for (const quote of page.quotes ?? []) {
      const pair = `${quote.base}/${quote.quote} of ${quote.date}`;
      this.#put(this.#quotes, pair, { ...quote, pageHash }, sameRate, () => `rate ${pair}`);
    }
    for (const warning of page.warnings) this.warn(warning);
  }

  #put<T>(map: Map<string, T>, key: string, row: T, same: (a: T, b: T) => boolean, describe: () => string): void {
    const before = map.get(key);
    if (before !== undefined && !same(before, row)) {
      this.#differing++;
      this.#firstDiffering ||= describe();
    }
    map.set(key, row);
  }

  warn(warning: string): void {
    if (this.#warnings.includes(warning)) return;
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push(warning);
    else this.#moreWarnings++;
  }

  get samples(): IngestRow[] {
    return [...this.#samples.values()];
  }
  get costs(): IngestCost[] {
    return [...this.#costs.values()];
  }
  get quotes(): IngestQuote[] {
    return [...this.#quotes.values()];
  }
  get size(): number {
    return this.#samples.size + this.#costs.size + this.#quotes.size;
  }
  get seriesCount(): number {
    return this.#series.size;
  }
  get warnings(): string[] {
    const all = [...this.#warnings];
    if (this.#differing > 0)
      all.push(
        `${this.#differing} ${this.#differing === 1 ? 'row came' : 'rows came'} twice with another value, the last one counts (first: ${this.#firstDiffering}); labels or sourceKey may lack a field that tells them apart`,
      );
    if (this.#moreWarnings > 0) all.push(`and ${this.#moreWarnings} more warnings`);
    return all.map(this.#redact);
  }
}
