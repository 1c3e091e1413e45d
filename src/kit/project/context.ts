import type { FxRate } from '../../domain/types.ts';

/** What a stream gives, as far as is known. */
export interface KnownStream {
  /** False only where it is sure that it does not. */
  measurements: boolean;
  costs: boolean;
  /** The unit that it stores; null where it depends on the data. */
  unit: string | null;
}
/** A connector by its streams; `streams` null: the connector exists, but what it holds cannot be told. */
export type KnownSources = ReadonlyMap<string, { streams: ReadonlyMap<string, KnownStream> | null }>;

/** What a project is checked against. Null: cannot be told, so nothing is said about it. */
export interface ProjectContext {
  fxRates: readonly FxRate[] | null;
  /** Connectors by id. */
  sources: KnownSources | null;
  /** Ids of the portfolios that are defined. Empty: a project's portfolio is a free text. */
  portfolios: readonly string[] | null;
}
