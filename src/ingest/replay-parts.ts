import type { Clock, Config, Extractor, ObjectStore, Registry, Store } from '#kit';

export interface ReplaysParts {
  config: Config;
  registry: Registry;
  store: Store;
  objects: ObjectStore;
  extract: Extractor;
  clock: Clock;
  newId(): string;
  redact(text: string): string;
}

/** Rows that are staged, or stored, by one statement. */
export const ROWS_AT_ONCE = 5_000;
