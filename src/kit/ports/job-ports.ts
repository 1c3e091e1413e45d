import type { Config } from '../config.ts';
import type { AnyConnectorKind } from '../connector.ts';
import type { PushSteps } from '../push.ts';
import type { Store } from '../store/index.ts';
import type { Clock, Logger } from './clock-and-log.ts';
import type { Messenger } from './delivery.ts';
import type { Extractor } from './extract.ts';
import type { FileSource } from './files.ts';
import type { FetchFactory } from './http.ts';
import type { Metrics } from './metrics.ts';
import type { ObjectStore } from './objects.ts';
import type { PullRunner } from './pulls.ts';
import type { ReportRenderer } from './reports.ts';
import type { SqlSource } from './sql.ts';

export interface Registry {
  connectorKind(kind: string): AnyConnectorKind | undefined;
}

/** What a job may use. */
export interface JobPorts {
  config: Config;
  registry: Registry;
  store: Store;
  objects: ObjectStore;
  fetch: FetchFactory;
  files: FileSource;
  sql: SqlSource;
  extract: Extractor;
  messenger: Messenger;
  reports: ReportRenderer;
  pulls: PullRunner;
  pushSteps: PushSteps;
  metrics: Metrics;
  clock: Clock;
  log: Logger;
  newId(): string;
  redact(text: string): string;
}
