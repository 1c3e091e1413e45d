import type { z } from 'zod';
import type { CostLine, FxQuote, Measurement } from '../domain/types.ts';
import type { AuthKind } from './config.ts';
import type { Extractor, FileSource, HttpClient, Logger, SqlSource } from './ports.ts';
import type { SessionProtocol } from './session.ts';

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
  /**
   * With this page, everything of the window before this instant has been yielded. The runner may then store what it
   * holds and put the watermark there, so that a long pull keeps its memory and resumes where it was broken off. Absent:
   * only the end of the pull says so.
   */
  completeToMs?: number | undefined;
}

export interface ParsedPage {
  measurements: Measurement[];
  costs: CostLine[];
  /** Exchange rates; the runner adds the source. */
  quotes?: Omit<FxQuote, 'source'>[] | undefined;
  /**
   * Documents that this pull brings whole: each cost line of the stream whose `sourceKey` begins so is in this pull, on a page
   * that says so too. Those of earlier pulls that did not come again are withdrawn when the pull succeeds: they
   * count as 0 from then on. Only for sources that deliver a document anew as a whole, such as the bill of a month.
   */
  complete?: { sourceKeyPrefix: string }[] | undefined;
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
  /** When the credentials that were tried end, where the source tells: kept for `outturn connectors`. */
  expiresAtMs?: number | undefined;
}

export interface CatalogEntry {
  /** The source's own name of it: a metric, an entity set, a company. */
  id: string;
  title: string;
  /** Null: the source does not say, or it has none. */
  unit: string | null;
  /** The stream as it would be written in YAML, with the source's live ids. */
  stream: Record<string, unknown>;
}

export interface ConnectorContext<O> {
  /** Base settings (url …) and the kind's own options, validated. */
  options: O;
  http: HttpClient;
  files: FileSource;
  /** Read-only queries, for kinds that speak to a database. */
  sql: SqlSource;
  /** JSONata with bounds of time and memory. */
  extract: Extractor;
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
  /** JSONata with bounds of time and memory. */
  extract: Extractor;
}

/** What a vendor documents of how its source may be asked. What is absent it does not say. */
export interface SourceLimits {
  /** How long it works on a request before it gives up. */
  timeoutMs?: number | undefined;
  /** Requests at a time. */
  concurrency?: number | undefined;
  requestsPerMinute?: number | undefined;
  requestsPerDay?: number | undefined;
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
    /** False for kinds that are sent to and cannot ask: there is no pull, no schedule and no watermark. Absent: true. */
    pull?: boolean;
    /** False for kinds that speak no HTTP: `url`, `auth`, `tls` and the like are then unknown keys. Absent: true, and `url` is required unless the kind's own options have one. */
    http?: boolean;
  };
  /** How one may log in to such a source, the usual way first; another kind is an error of `validate`. Absent: every way but `session`. */
  auth?: readonly AuthKind[];
  /** Where the source is when `url` is not written (a region or site decides); null: `url` is required. Absent: always required. */
  defaultUrl?(options: O): string | null;
  /**
   * Limits that the vendor documents (the kind's README names the page), each in force where the operator wrote nothing of
   * it. No part of what a stream is: another release may know others.
   */
  defaults?(options: O): SourceLimits;
  /** How `auth: { kind: session }` logs in. */
  session?: SessionProtocol<O>;
  /**
   * Options of the connector and of its streams that only say how the source is read (page sizes and the like): another
   * value gives the same figures. Every other one is part of what the stream is; a change of it reads the stream anew.
   */
  tuning?: readonly string[];
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
  /**
   * Pure: the same page gives the same rows, whenever. Throws PermanentError `source/bad-shape` naming the place when the
   * page is not what the vendor documents. A promise only where `extract` is used.
   */
  parse(page: RawPage, ctx: ParseContext<O, S>): ParsedPage | Promise<ParsedPage>;
}

export type AnyConnectorKind = ConnectorKind<any, any>;

/** Identity function that gives a connector its types. */
export function defineConnector<O, S>(kind: ConnectorKind<O, S>): ConnectorKind<O, S> {
  return kind;
}
