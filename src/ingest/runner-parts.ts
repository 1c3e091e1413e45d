import type {
  Clock,
  Config,
  Extractor,
  FetchFactory,
  FileSource,
  Logger,
  Metrics,
  ObjectStore,
  PageParser,
  Registry,
  SqlSource,
  Store,
  Tracing,
} from '#kit';
import type { SourceWaits } from './source-waits.ts';

export interface PullRunnerParts {
  config: Config;
  registry: Registry;
  store: Store;
  objects: ObjectStore;
  fetch: FetchFactory;
  files: FileSource;
  sql: SqlSource;
  extract: Extractor;
  /** For large pages. Absent: all are parsed here. */
  parser?: PageParser | undefined;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Absent: lines of the log do not say which pull wrote them. */
  tracing?: Pick<Tracing, 'within'> | undefined;
  newId(): string;
  redact(text: string): string;
  /** Is told when a pull waits for its source. Absent: nobody looks on. */
  waits?: SourceWaits | undefined;
  /** How much of a pull is held at most before it is stored; absent: as is usual. */
  bounds?: Partial<PullBounds> | undefined;
}

/** What is read is stored when one of these is reached. Twice as much is held at most: one part is stored while the next is read. */
export interface PullBounds {
  rows: number;
  /** Of text that was parsed into rows. */
  bytes: number;
  pages: number;
}
export const USUAL_BOUNDS: PullBounds = { rows: 10_000, bytes: 8 * 1024 * 1024, pages: 500 };
