import type { z } from 'zod';
import type { CostLine, FxQuote, Measurement } from '../domain/types.ts';
import type { FileSource, HttpClient, Logger } from './ports.ts';

/** The half-open time window that a pull covers. */
export interface PullWindow {
  fromMs: number;
  toMs: number;
}

/** One raw answer of the source, as received. Archived by the runner; `parse` must need nothing else. */
export interface RawPage {
  /** The decoded body. */
  body: string;
  contentType: string;
  /** For people and evidence; the runner redacts it. */
  request: { method: string; url: string };
  receivedAtMs: number;
  /** What parse needs to know besides the body (step, entity …); archived with the page. JSON only. */
  meta: Record<string, unknown>;
}

export interface ParsedPage {
  measurements: Measurement[];
  costs: CostLine[];
  /** Exchange rates; the runner adds the source. */
  quotes?: Omit<FxQuote, 'source'>[] | undefined;
  /** Partial answers, odd values that were left out, and why: shown to the operator, kept with the pull. */
  warnings: string[];
}

export type FindingLevel = 'ok' | 'warning' | 'error';
/** One line of `outturn check`: what was tried, and how it went. */
export interface Finding {
  level: FindingLevel;
  /** `connectivity`, `tls`, `credentials`, `permission`, `sample`, `clock` … */
  aspect: string;
  stream?: string | undefined;
  message: string;
  hint?: string | undefined;
}

export interface CatalogEntry {
  id: string;
  title: string;
  unit: string | null;
  /** The stream as it would be written in YAML. */
  stream: Record<string, unknown>;
}

export interface ConnectorContext<O> {
  /** Base settings (url …) and the kind's own options, validated. */
  options: O;
  http: HttpClient;
  files: FileSource;
  log: Logger;
  nowMs(): number;
  signal: AbortSignal;
}
export interface StreamContext<O, S> extends ConnectorContext<O> {
  stream: S;
  streamId: string;
}
export interface PullContext<O, S> extends StreamContext<O, S> {
  window: PullWindow;
}
export interface ParseContext<O, S> {
  options: O;
  stream: S;
  streamId: string;
}

/** What every stream has whatever its kind: parsed by kit, merged into the stream's schema. */
export interface StreamTiming {
  /** Distance between two samples; 0 where the source has no fixed cadence. Gives the expected number of points. */
  intervalMs: number;
}

/**
 * A kind of source. `O` are the options of one connector, `S` those of one of its streams: both strict zod objects
 * whose `.meta({description, examples, secret})` becomes editor help. `pull` does I/O only, `parse` none at all:
 * archived pages can be parsed again years later.
 */
export interface ConnectorKind<O = unknown, S = unknown> {
  kind: string;
  /** One line for people. */
  summary: string;
  options: z.ZodType<O>;
  stream: z.ZodType<S>;
  capabilities: {
    measurements: boolean;
    costs: boolean;
    /** Exchange rates. Absent: it has none. */
    quotes?: boolean;
    discover: boolean;
    /** False for kinds that speak no HTTP: `url`, `auth`, `tls` and the like are then unknown keys. Absent: true, and `url` is required unless the kind's own options have one. */
    http?: boolean;
  };
  timing(stream: S): StreamTiming;
  /**
   * What reading a window takes, for who plans: `isWindowed` false where the answer is the same whatever the window,
   * `requests` null where only the source knows. Absent: windowed, and nothing is known.
   */
  extent?(stream: S, window: PullWindow): { isWindowed: boolean; requests: number | null };
  check(ctx: ConnectorContext<O>): Promise<Finding[]>;
  checkStream(ctx: StreamContext<O, S>): Promise<Finding[]>;
  discover(ctx: ConnectorContext<O>): Promise<CatalogEntry[]>;
  /** Yields raw pages in order; throws typed errors of kit; stops early when `signal` aborts. */
  pull(ctx: PullContext<O, S>): AsyncIterable<RawPage>;
  /** Throws PermanentError `source/bad-shape` naming the place when the page is not what the vendor documents. */
  parse(page: RawPage, ctx: ParseContext<O, S>): ParsedPage;
}

export type AnyConnectorKind = ConnectorKind<any, any>;

/** Identity function that gives a connector its types. */
export function defineConnector<O, S>(kind: ConnectorKind<O, S>): ConnectorKind<O, S> {
  return kind;
}
