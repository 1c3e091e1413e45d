import type { DigestFacts } from '../domain/digest/facts.ts';
import type { CostLine, FxQuote, Measurement } from '../domain/types.ts';
import type { RoiOutputs } from '../domain/value/outputs.ts';
import type { SnapshotVersions } from '../domain/value/snapshot-versions.ts';
import type { Config, ConnectorConfig, DeliveryChannel } from './config.ts';
import type { AnyConnectorKind } from './connector.ts';
import type { PushSteps } from './push.ts';
import type { BackfillRow, JobFence, Store, WindowCoverage } from './store/index.ts';

export interface Clock {
  nowMs(): number;
}

/** Structured log; every value passes the redactor. */
export interface Logger {
  debug(facts: Record<string, unknown>, message: string): void;
  info(facts: Record<string, unknown>, message: string): void;
  warn(facts: Record<string, unknown>, message: string): void;
  error(facts: Record<string, unknown>, message: string): void;
  child(facts: Record<string, unknown>): Logger;
}

export interface HttpRequest {
  method?: 'GET' | 'POST';
  /** Absolute, or relative to the connector's url. */
  url: string;
  query?: Record<string, string | number | readonly (string | number)[] | undefined>;
  headers?: Record<string, string>;
  /** A string is sent as it is, an object as a form (`application/x-www-form-urlencoded`) or JSON by `bodyType`. */
  body?: string | Record<string, unknown>;
  bodyType?: 'form' | 'json';
  /** Sent without the connector's credentials; its own headers are sent. */
  anonymous?: boolean;
  /** Member of the JSON body that carries a bearer or session token, for protocols that know no Authorization header. */
  tokenMember?: string;
  /** `json` (default): an answer that is not JSON is `source/not-json`. */
  expect?: 'json' | 'text';
  /** Statuses besides 2xx that the caller handles itself instead of an error being thrown. */
  acceptStatuses?: readonly number[];
  /** What the source itself says in the body of a refusal; null: nothing that this protocol knows. Shown in place of the bare body. */
  explain?: (body: string) => string | null;
  /**
   * Whether an answer says, other than by 401, that token or session are not accepted (any more). They are then renewed, where
   * that can be, and the request is sent once more; the second answer is given as it is.
   */
  isRefused?: (answer: { status: number; body: string }) => boolean | Promise<boolean>;
}
export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** The final address, secrets redacted. */
  url: string;
  /** The same as it is, for links in the answer: never shown and never stored. Absent: `url` holds no secret. */
  address?: string;
  receivedAtMs: number;
  /** What `Retry-After` says, for statuses that the caller handles itself. */
  retryAfterMs?: number | undefined;
  /** The body parsed; throws `source/not-json` when it is not JSON. */
  json(): unknown;
}
/** Outbound HTTP for one connector: authentication, time-out, size cap, budget, error classes, redaction are done here. */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResponse>;
  /**
   * What `request` does by itself, for who finds out from the answer whether it failed: asks again after a refusal that may be over
   * in a moment. `ask` is given a client that does not. Absent: nobody repeats.
   */
  repeat?<T>(ask: (plain: HttpClient) => Promise<T>): Promise<T>;
}

/** Where the objects of `s3://bucket/key` are, and who asks. Null: as the SDK's own chain of environment, profile and role says. */
export interface S3Access {
  endpoint: string | null;
  region: string | null;
  accessKeyId: string | null;
  secretAccessKey: string | null;
  sessionToken: string | null;
  forcePathStyle: boolean;
}
export interface FoundFile {
  /** Absolute, or `s3://bucket/key`. */
  path: string;
  modifiedAtMs: number;
  bytes: number;
  /** Changes with the content, where the store says so (ETag): a file that changed since it was listed is not read. */
  version?: string | undefined;
}
export interface FileAccess {
  /** Needed for `s3://…` only. */
  s3?: S3Access | null | undefined;
  signal?: AbortSignal | undefined;
}
/** Files a connector may read: below the configuration folder, or in S3. */
export interface FileSource {
  /** What matches a path or a glob, sorted by path. Throws `config/not-found` when nothing does, `source/…` for S3. */
  list(pattern: string, access?: FileAccess): Promise<FoundFile[]>;
  /**
   * The text in pieces, read as fast as they are taken. Gzip is unpacked (told by the content, not by the name). Throws
   * `source/too-large` past `maxBytes` of unpacked text or for what unpacks to hundreds of times its size, and
   * `source/bad-shape` for what is no text or broken gzip.
   */
  read(file: Pick<FoundFile, 'path' | 'version'>, options: FileAccess & { maxBytes: number }): AsyncIterable<string>;
}

export type SqlValue = string | number | bigint | boolean | null | Date;
export interface SqlQuery {
  text: string;
  /** Bound by the server (`$1` …), never pasted into the text. */
  parameters: readonly SqlValue[];
  /** The server ends the statement then. */
  timeoutMs: number;
  /** Rows of one batch. */
  batchRows: number;
  /** Of the session: in it instants are cast to dates and local times. Absent: UTC. */
  timeZone?: string | undefined;
  /** The rows are the server's plan (EXPLAIN) in place of the answer: names, types and privileges are checked, nothing is run. */
  planOnly?: boolean | undefined;
}
export interface SqlField {
  name: string;
  /** The server's name of the type, such as `numeric` or `timestamptz`. */
  type: string;
}
export interface SqlBatch {
  fields: SqlField[];
  /** Cells as the server's text, null for NULL: no digit is lost. */
  rows: (string | null)[][];
}
/** A foreign database, read only: each query runs in a read-only transaction of its own, by a cursor. */
export interface SqlSource {
  /** In order, until the last row; a query without rows gives one empty batch. Throws `source/…`; ends when `signal` aborts. */
  query(connection: SqlConnection, query: SqlQuery, signal: AbortSignal): AsyncIterable<SqlBatch>;
}
export interface SqlConnection {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  /** `require`: encrypted, whoever answers; `verify-full`: with a certificate of the host's name from a known CA. Files are PEM. */
  tls: {
    mode: 'disable' | 'require' | 'verify-full';
    caFile: string | null;
    certFile: string | null;
    keyFile: string | null;
  };
  connectTimeoutMs: number;
  /** Queries that this process runs there at once; the others wait. */
  concurrency: number;
}

/** JSONata over a JSON document, apart from the process's own thread: whatever the expression does, it ends. */
export interface Extractor {
  /**
   * Throws PermanentError `source/bad-expression` for an expression that is wrong, runs longer than its bound of time or
   * takes more than its bound of memory, `source/not-json` for a body that is no JSON.
   */
  evaluate(request: {
    expression: string;
    /** JSON text; numbers that a double cannot hold come as their digits. */
    body: string;
    bindings?: Record<string, unknown> | undefined;
  }): Promise<unknown>;
}

/** On whose behalf a source is asked: a backfill always waits for the live pulls of the same account. */
export type FetchPurpose = 'live' | 'backfill';

export interface FetchFactory {
  /** `purpose`: live when absent. */
  client(connector: ConnectorConfig, signal: AbortSignal, options?: { purpose?: FetchPurpose }): HttpClient;
}

export interface StoredObject {
  /** Key below the store's root. */
  key: string;
  /** For people: an absolute file path or an `s3://` address. */
  location: string;
  bytes: number;
  sha256: string;
}
/** Content is immutable: putting the same key twice is harmless. */
export interface ObjectStore {
  put(key: string, body: Buffer, contentType: string): Promise<StoredObject>;
  /** Throws `object/not-found`. */
  get(key: string): Promise<Buffer>;
  /** What is not there (any more) is no error. */
  delete(key: string): Promise<void>;
  check(): Promise<void>;
}

export interface OutgoingMessage {
  channel: DeliveryChannel;
  address: string;
  recipientName: string;
  facts: DigestFacts;
  /** Deterministic: the same delivery always carries the same one. */
  idempotencyKey: string;
  test: boolean;
}
/** `unknown`: it may have arrived; only reconciliation may decide about another try. */
export type DeliveryOutcome = { state: 'sent'; messageId: string } | { state: 'unknown'; reason: string };
export interface Messenger {
  /** Throws RetryableError when it surely was not delivered and may be later, PermanentError when it never will. */
  deliver(message: OutgoingMessage, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** Whether a delivery of that key did arrive, as far as the channel can tell. */
  reconcile(
    channel: DeliveryChannel,
    address: string,
    idempotencyKey: string,
  ): Promise<{ messageId: string } | 'absent' | 'cannot-tell'>;
}

export interface MailAttachment {
  filename: string;
  contentType: string;
  body: Buffer;
  /** Content-ID for `cid:` references in the HTML. */
  contentId: string;
}
export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
  attachments: MailAttachment[];
}
export interface RenderedSlackMessage {
  /** Fallback and notification text. */
  text: string;
  blocks: Record<string, unknown>[];
  chart: { png: Buffer; altText: string; filename: string } | null;
}
export interface RenderOptions {
  /** Ends the rendering, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}
/** Facts → a channel's form. Injected into `src/delivery`, so that adapters need not know each other. */
export interface MessageRenderer {
  mail(facts: DigestFacts, options: RenderOptions & { test: boolean }): Promise<RenderedMail>;
  slack(facts: DigestFacts, options: RenderOptions & { test: boolean }): Promise<RenderedSlackMessage>;
}

export type ReportFormat = 'html' | 'csv';
export interface RenderedReport {
  format: ReportFormat;
  contentType: string;
  body: Buffer;
}
export interface ReportInput {
  facts: DigestFacts;
  outputs: RoiOutputs;
  /** What made the figures: with it anyone can tell whether two reports rest on the same. */
  origin: {
    engineVersion: string;
    inputsHash: string;
    knownAtMs: number;
    /** Null: an earlier release did not record them. */
    versions?: SnapshotVersions | null | undefined;
  };
}
export interface ReportRenderer {
  /** `outputs` are those of the snapshot that the facts were made from: the report's evidence tables. */
  render(input: ReportInput, format: ReportFormat, options?: RenderOptions): Promise<RenderedReport>;
}

export interface PullRequest {
  connector: string;
  stream: string;
  /** Null: from the watermark less the lookback (or the stream's `since`) to now. */
  fromMs: number | null;
  toMs: number | null;
  jobId: string;
  attempt: number;
  /** The run on whose behalf it stores. */
  fence: JobFence;
  /**
   * The chunk of a backfill: read as given, behind the live pulls of the same account. It leaves the watermark alone, and its
   * recomputes wait for the backfill's end. Absent: a live pull.
   */
  backfill?: { id: string; seq: number } | undefined;
}
/** What a pull would read. */
export interface PullPreview {
  fromMs: number;
  toMs: number;
  /** Null: the stream was never read. */
  watermarkMs: number | null;
  /** Null: the pull leaves the watermark where it is. */
  advanceToMs: number | null;
}
export interface PullSummary {
  pullId: string;
  connector: string;
  stream: string;
  fromMs: number;
  toMs: number;
  pages: number;
  rows: number;
  inserted: number;
  revisions: number;
  warnings: string[];
  /** Projects whose figures this pull may have changed: a recompute was enqueued for each. */
  projects: string[];
}
export interface BackfillRequest {
  connector: string;
  stream: string;
  fromMs: number;
  /** Excluded. */
  toMs: number;
  /** Length of one chunk. */
  chunkMs: number;
}
export interface PlannedChunk extends WindowCoverage {
  fromMs: number;
  toMs: number;
  /** Null: only the source knows. */
  requests: number | null;
}
export interface BackfillPlan extends BackfillRequest {
  /** In order; they touch. The window is widened to whole intervals of the stream, and ends now at the latest. */
  chunks: PlannedChunk[];
  requests: {
    count: number;
    /** Some chunks' number only the source knows: each counts as one here. */
    isLeast: boolean;
    perMinute: number | null;
    perDay: number | null;
    /** The time that the budget of the account makes of them at least, if nobody else asks, null without a limit. */
    durationMs: number | null;
  };
  warnings: string[];
}
/** Backfills as people ask for them: checked against the configuration, split into chunks, started. */
export interface Backfills {
  /** Writes nothing. Throws `config/unknown-reference`, and `usage` for a window or chunk that cannot be. */
  plan(request: BackfillRequest): Promise<BackfillPlan>;
  /** One for each plan, all of them or none. */
  create(plans: readonly BackfillPlan[], cause: string): Promise<BackfillRow[]>;
}

/** One stream's pull from end to end: pages → archive → parse → one transaction with watermark, dirty periods and outbox. */
export interface PullRunner {
  run(
    request: PullRequest,
    context: { signal: AbortSignal; progress(done: number, total: number): void },
  ): Promise<PullSummary>;
  /** The same requests and parsing; nothing is written. */
  dryRun(
    request: Omit<PullRequest, 'jobId' | 'attempt' | 'fence'>,
    context: { signal: AbortSignal },
  ): Promise<DryRunResult>;
  /** What it would read; asks nobody and writes nothing. */
  preview(request: Pick<PullRequest, 'connector' | 'stream' | 'fromMs' | 'toMs'>): Promise<PullPreview>;
}
export interface DryRunResult {
  fromMs: number;
  toMs: number;
  /** One for each page that would be archived. */
  requests: { method: string; url: string; bytes: number }[];
  /** Every HTTP answer on the way to the pages, in order; none for kinds that speak no HTTP. Addresses are redacted. */
  exchanges: { method: string; url: string; status: number; bytes: number; durationMs: number }[];
  /** Points of the window; null where the source has no cadence. */
  completeness: { received: number; expected: number } | null;
  /** Where the watermark is, and where it would be after this; null: nowhere yet, and not moved. */
  watermark: { nowMs: number | null; thenMs: number | null };
  /** Of all rows. */
  counts: { measurements: number; costs: number; quotes: number };
  /** As costs and quotes: the first 1,000 and the last 1,000 where there are more. */
  measurements: Measurement[];
  costs: CostLine[];
  quotes?: Omit<FxQuote, 'source'>[];
  warnings: string[];
}

/** Of each account: the part of its budget that is used (0 to 1), requests under way and waiting, and whether it is blocked (0 or 1). */
export type BudgetGauge = 'budget_used_ratio' | 'budget_in_use' | 'budget_waiting' | 'budget_blocked';

export type JobIncident = 'dead-letter' | 'crashed' | 'quarantined' | 'lost-lock';
/** Of work in hand: what is open by kind and state, and how long the oldest has waited. */
export type WorkGauge =
  | 'outbox_open'
  | 'outbox_unpublished'
  | 'outbox_lag_seconds'
  | 'jobs_open'
  | 'queue_jobs'
  | 'oldest_waiting_seconds'
  | 'dead_letters_open';
/** Counters and histograms for each job kind and connector; implemented by src/telemetry. */
export interface Metrics {
  jobFinished(facts: {
    kind: string;
    outcome: 'succeeded' | 'retried' | 'failed' | 'cancelled' | 'released' | 'lost';
    durationMs: number;
    waitedMs: number;
  }): void;
  /** What an operator wants to know of besides outcomes; `crashed`: an earlier run's worker died with it. */
  jobIncident(facts: { kind: string; incident: JobIncident }): void;
  pullFinished(facts: {
    connector: string;
    stream: string;
    outcome: 'succeeded' | 'failed';
    rows: number;
    revisions: number;
    durationMs: number;
  }): void;
  deliveryFinished(facts: { channel: DeliveryChannel; state: 'sent' | 'failed' | 'unknown' | 'retried' }): void;
  fireRecorded(facts: { schedule: string; outcome: string; latenessMs: number }): void;
  /** How long a request waited for its account's budget, and whether it got its turn. */
  budgetTurn(facts: {
    account: string;
    purpose: FetchPurpose;
    outcome: 'granted' | 'put-off' | 'failed';
    waitedMs: number;
  }): void;
  gauge(
    name: 'watermark_lag_seconds' | 'missing_work' | WorkGauge | BudgetGauge,
    labels: Record<string, string>,
    value: number,
  ): void;
  /** Prometheus text exposition. */
  expose(): Promise<{ contentType: string; body: string }>;
}

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
