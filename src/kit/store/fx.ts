import type { CurrencyCode, FxQuote, FxRate, LocalDate } from '../../domain/types.ts';

/** A quote with the page it came from, ready to be stored. */
export interface IngestQuote extends Omit<FxQuote, 'source'> {
  pageHash: string | null;
}

/** A quote as it is stored: where it came from and when. */
export interface StoredFxQuote extends FxQuote {
  connector: string;
  stream: string;
  /** Above 1: the publisher corrected it. */
  revision: number;
  pullId: string | null;
  pageHash: string | null;
  recordedAtMs: number;
}

/** Dates, both included, on which a currency has quotes that an ingest stored or corrected. */
export interface ChangedCurrency {
  currency: CurrencyCode;
  first: LocalDate;
  last: LocalDate;
}

export interface FxCoverage {
  source: string;
  base: CurrencyCode;
  quote: CurrencyCode;
  first: LocalDate;
  last: LocalDate;
  /** Dates with a quote. */
  count: number;
}

/** The `fx:` section of the configuration as it was applied at one time. */
export interface FxTableVersion {
  version: number;
  rates: FxRate[];
  appliedBy: string;
  recordedAtMs: number;
}

export interface CostCurrency {
  connector: string;
  stream: string;
  projectRef: string;
  currency: CurrencyCode;
  firstPostedOn: LocalDate;
}

/** Exchange rates, published and configured. Nothing is ever changed in place: what was known at any time can be read. */
export interface FxRepository {
  /**
   * Stores quotes of one stream: a new (base, quote, date) is revision 1, another rate than the newest revision is one more
   * revision, the same rate is nothing. `changed` names the currencies that a figure may rest on: each quoted one, and a base
   * other than EUR.
   */
  ingest(input: {
    connector: string;
    stream: string;
    pullId: string;
    /** When the source was asked: of two pulls that overlap, the later one counts, whichever is stored last. */
    observedAtMs: number;
    rows: readonly IngestQuote[];
  }): Promise<{ inserted: number; revisions: number; unchanged: number; changed: ChangedCurrency[] }>;
  /**
   * Newest revision, or the newest recorded by `knownAtMs`, of each quote that converts between `currencies` and EUR, dated in
   * [from, to); ordered by source, base, quote, date. No currency: none.
   */
  read(input: {
    currencies: readonly CurrencyCode[];
    from: LocalDate;
    to: LocalDate;
    knownAtMs?: number | undefined;
  }): Promise<FxQuote[]>;
  /** One quote with its pull and page; null when there was none by then. */
  find(
    quote: Pick<FxQuote, 'base' | 'quote' | 'date' | 'source'>,
    options?: { knownAtMs?: number | undefined },
  ): Promise<StoredFxQuote | null>;
  /** What is held of each pair and source; ordered by source, base, quote. */
  coverage(): Promise<FxCoverage[]>;
  /**
   * Makes `rates` the configured rates. The same ones in any order as those in force write nothing: `changed` is false. `currencies`:
   * both sides of every rate that is new, gone or another.
   */
  applyConfigured(
    rates: readonly FxRate[],
    options: { by: string },
  ): Promise<{ version: number; changed: boolean; currencies: CurrencyCode[] }>;
  /** Configured rates as of the newest version, or the newest applied by `knownAtMs`; none before the first. */
  configuredAt(knownAtMs?: number): Promise<FxRate[]>;
  /** The version that `configuredAt` reads; null before the first. */
  configuredVersionAt(knownAtMs?: number): Promise<FxTableVersion | null>;
  /** Currencies of the stored cost lines of each cost source and reference, with the earliest posting date of each. */
  costCurrencies(): Promise<CostCurrency[]>;
}
