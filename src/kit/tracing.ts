export type SpanAttributes = Record<string, string | number | boolean | undefined>;

export interface SpanOptions {
  /** Absent: `internal`. */
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** Named by the OpenTelemetry semantic conventions, own ones `outturn.…`. Texts pass the redactor. */
  attributes?: SpanAttributes;
  /** W3C `traceparent` of what caused it; null: nothing did. Absent: the span that is active. */
  parent?: string | null | undefined;
}

export interface Span {
  /** W3C `traceparent` for what follows from it; null when nothing is traced. */
  readonly traceParent: string | null;
  set(attributes: SpanAttributes): void;
  /** Marks it as failed, with the error's code and redacted message. */
  fail(error: unknown): void;
  end(): void;
}

/**
 * Spans of one trace from a schedule's fire to a delivery, and the facts that each log line carries meanwhile. Never fails:
 * what cannot be exported is lost.
 */
export interface Tracing {
  readonly isOn: boolean;
  /** Of the active span; null when there is none. */
  traceParent(): string | null;
  /** Runs the work in a span of that name; an error thrown by the work marks the span and is passed on. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  /** A span that the caller ends and that is never the active one. */
  start(name: string, options: SpanOptions): Span;
  /** Runs work that belongs to no span: loops that outlive whoever starts them. */
  detached<T>(work: () => T): T;
  /** Each log line that is written within the work carries these facts, whichever logger writes it. */
  within<T>(facts: Record<string, unknown>, work: () => T): T;
}

const noSpan: Span = { traceParent: null, set: () => undefined, fail: () => undefined, end: () => undefined };

/** For whoever is given no tracing. */
export const noTracing: Tracing = {
  isOn: false,
  traceParent: () => null,
  span: (_name, _options, work) => work(noSpan),
  start: () => noSpan,
  detached: (work) => work(),
  within: (_facts, work) => work(),
};
