import type { Logger, Redactor, Tracing } from '#kit';

export interface TracingSettings {
  /** The standard OTEL_… variables. */
  variables: NodeJS.ProcessEnv;
  redactor: Redactor;
  log: Logger;
  /** Of this program. */
  version: string;
}
export interface OpenTracing extends Tracing {
  /** Sends what is left, for a few seconds at most. */
  close(): Promise<void>;
}
