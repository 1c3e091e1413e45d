import type { DigestFacts } from '../domain/digest/facts.ts';
import type {
  CostLine,
  LocalDate,
  Measurement,
  Project,
  SeriesIdentity,
  SeriesSource,
  StoredCostLine,
  StoredSample,
} from '../domain/types.ts';
import type { RoiOutputs } from '../domain/value/outputs.ts';
import type { DeliveryChannel } from './config.ts';
import type { QueueName } from './job.ts';
import type { ReportFormat } from './ports.ts';

/** A sample with the page it came from, ready to be stored. */
export interface IngestRow extends Measurement {
  pageHash: string;
}
export interface IngestCost extends CostLine {
  pageHash: string | null;
}

export interface SeriesRow extends SeriesIdentity {
  id: string;
}

/** A sample that this ingest stored, corrected or found to be final. */
export interface ChangedSample {
  seriesId: string;
  labels: Record<string, string>;
  atMs: number;
  revision: number;
}
export interface IngestResult {
  inserted: number;
  revisions: number;
  /** Provisional before, now known to be final with the same value; no revision, but what rests on them may close. */
  finalised: number;
  unchanged: number;
  /** What is new, corrected or finalised. */
  changed: ChangedSample[];
}

export interface MeasurementRepository {
  /**
   * Stores samples of one stream: a new (series, time) is revision 1, another value than the newest revision is one more
   * revision, the same value is nothing. Status alone going provisional → final keeps the revision (above 1 always means
   * corrected) and is counted in `finalised`; a sample that is read as known before that is provisional still.
   */
  ingest(input: {
    connector: string;
    stream: string;
    pullId: string;
    /** When the source was asked: of two pulls that overlap, the later one counts, whichever is stored last. */
    observedAtMs: number;
    rows: readonly IngestRow[];
  }): Promise<IngestResult>;
  /** Newest revision of each sample in [fromMs, toMs), or the newest recorded by `knownAtMs`; ordered by series, time. */
  read(
    source: SeriesSource,
    range: { fromMs: number; toMs: number; knownAtMs?: number | undefined },
  ): Promise<StoredSample[]>;
  series(source: SeriesSource): Promise<SeriesRow[]>;
}

export interface CostRepository {
  ingest(input: {
    connector: string;
    stream: string;
    pullId: string;
    /** When the source was asked: of two pulls that overlap, the later one counts, whichever is stored last. */
    observedAtMs: number;
    rows: readonly IngestCost[];
  }): Promise<{ inserted: number; revisions: number; unchanged: number; projectRefs: string[] }>;
  /** Newest revision of each line, posted in [from, to). */
  read(input: {
    connector: string;
    stream: string;
    projectRef: string;
    from?: LocalDate | undefined;
    to?: LocalDate | undefined;
    knownAtMs?: number | undefined;
  }): Promise<StoredCostLine[]>;
}

export interface WatermarkRow {
  connector: string;
  stream: string;
  watermarkMs: number;
  pullId: string;
  updatedAtMs: number;
}
export interface WatermarkRepository {
  get(connector: string, stream: string): Promise<WatermarkRow | null>;
  list(): Promise<WatermarkRow[]>;
  /** Never moves backwards. */
  advance(input: { connector: string; stream: string; watermarkMs: number; pullId: string }): Promise<void>;
}

export type PullState = 'running' | 'succeeded' | 'failed';
export interface PullRow {
  id: string;
  jobId: string;
  attempt: number;
  connector: string;
  stream: string;
  fromMs: number;
  toMs: number;
  state: PullState;
  pages: number;
  rows: number;
  inserted: number;
  revisions: number;
  /** Expected points of the window, null where the source has no cadence. */
  expected: number | null;
  warnings: string[];
  errorCode: string | null;
  errorMessage: string | null;
  startedAtMs: number;
  finishedAtMs: number | null;
}
export interface PullPageRow {
  pullId: string;
  seq: number;
  sha256: string;
  bytes: number;
  requestMethod: string;
  requestUrl: string;
  objectKey: string;
  receivedAtMs: number;
}
export interface PullRepository {
  /**
   * Also closes the pulls of that stream whose process died before it could: earlier ones of the same job, and those of jobs that
   * have ended. They fail with `queue/interrupted`.
   */
  start(row: Pick<PullRow, 'id' | 'jobId' | 'attempt' | 'connector' | 'stream' | 'fromMs' | 'toMs'>): Promise<void>;
  addPage(page: PullPageRow): Promise<void>;
  /** Throws `queue/interrupted` when the pull was closed meanwhile: another attempt has taken over, and nothing may be stored. */
  succeed(
    id: string,
    facts: Pick<PullRow, 'pages' | 'rows' | 'inserted' | 'revisions' | 'expected' | 'warnings'>,
  ): Promise<void>;
  fail(id: string, facts: { errorCode: string; errorMessage: string; pages: number }): Promise<void>;
  get(id: string): Promise<PullRow | null>;
  latest(connector: string, stream: string): Promise<PullRow | null>;
  list(limit: number): Promise<PullRow[]>;
  pages(pullId: string): Promise<PullPageRow[]>;
}

export interface DirtyPeriod {
  projectId: string;
  metricId: string;
  /** First local date of the period. */
  period: LocalDate;
}
export interface DirtyRepository {
  mark(rows: readonly DirtyPeriod[], pullId: string): Promise<void>;
  /** Reads and removes what is dirty; inside the recompute's transaction. */
  take(projectId: string): Promise<DirtyPeriod[]>;
  list(): Promise<DirtyPeriod[]>;
}

export interface ProjectRepository {
  /** Makes the stored projects and value metrics equal to the configuration; keeps rows of projects that left it, marked retired. */
  sync(projects: readonly Project[]): Promise<{ created: string[]; changed: string[]; retired: string[] }>;
  get(id: string): Promise<Project | null>;
}

export interface RoiSnapshot {
  id: string;
  projectId: string;
  asOf: LocalDate;
  knownAtMs: number;
  engineVersion: string;
  inputsHash: string;
  outputs: RoiOutputs;
  createdAtMs: number;
}
export interface SnapshotRepository {
  /** Immutable: the same project, date, inputs and engine give the row that is there, `created: false`. */
  save(snapshot: Omit<RoiSnapshot, 'createdAtMs'>): Promise<{ snapshot: RoiSnapshot; created: boolean }>;
  get(id: string): Promise<RoiSnapshot | null>;
  latest(projectId: string): Promise<RoiSnapshot | null>;
  history(projectId: string, limit: number): Promise<RoiSnapshot[]>;
}

export interface ReportRow {
  id: string;
  projectId: string;
  snapshotId: string;
  format: ReportFormat;
  objectKey: string;
  location: string;
  sha256: string;
  bytes: number;
  createdAtMs: number;
}
export interface ReportRepository {
  /** One row for each (snapshot, format). */
  record(row: Omit<ReportRow, 'createdAtMs'>): Promise<ReportRow>;
  find(snapshotId: string, format: ReportFormat): Promise<ReportRow | null>;
  latest(projectId: string): Promise<ReportRow[]>;
}

export interface DigestRow {
  id: string;
  subscription: string;
  projectId: string;
  /** The schedule's slot (ISO instant) or the manual request's id: one digest for each (subscription, slot). */
  slot: string;
  /** Null: there was no snapshot to rest on, and the digest says so. */
  snapshotId: string | null;
  /** A test-send: never what a later digest is compared with. */
  test: boolean;
  facts: DigestFacts;
  factsHash: string;
  createdAtMs: number;
}
export interface DigestRepository {
  /** Returns the row that is there when (subscription, slot) exists, `created: false`. */
  save(row: Omit<DigestRow, 'createdAtMs'>): Promise<{ digest: DigestRow; created: boolean }>;
  get(id: string): Promise<DigestRow | null>;
  /** The newest that is not a test. */
  latest(subscription: string): Promise<DigestRow | null>;
}

export type DeliveryState = 'pending' | 'sending' | 'sent' | 'failed' | 'unknown';
export interface DeliveryRow {
  id: string;
  idempotencyKey: string;
  digestId: string;
  subscription: string;
  slot: string;
  channel: DeliveryChannel;
  address: string;
  recipientName: string;
  test: boolean;
  state: DeliveryState;
  messageId: string | null;
  attempts: number;
  errorCode: string | null;
  errorMessage: string | null;
  createdAtMs: number;
  updatedAtMs: number;
}
export interface DeliveryRepository {
  /** One row for each idempotency key; `created: false` when it was there. */
  create(
    row: Pick<
      DeliveryRow,
      'id' | 'idempotencyKey' | 'digestId' | 'subscription' | 'slot' | 'channel' | 'address' | 'recipientName' | 'test'
    >,
  ): Promise<{ delivery: DeliveryRow; created: boolean }>;
  get(id: string): Promise<DeliveryRow | null>;
  /**
   * pending|failed|unknown → sending, counting the attempt; null when another holds it or it was sent, or when others have
   * tried since the caller read the row with so many `attempts`: their outcome must be looked at first.
   */
  beginSending(id: string, attempts: number): Promise<DeliveryRow | null>;
  /**
   * How the sending that `attempts` counted ended. That it was sent always holds; any other end of an attempt that another
   * one has followed says nothing any more.
   */
  finish(
    id: string,
    result:
      | { state: 'sent'; messageId: string }
      | { state: 'failed' | 'unknown' | 'pending'; attempts: number; errorCode: string; errorMessage: string },
  ): Promise<void>;
  list(limit: number): Promise<DeliveryRow[]>;
}

export type JobState = 'pending' | 'published' | 'running' | 'succeeded' | 'failed' | 'collapsed' | 'cancelled';
/** An intent: written in the transaction that makes the work necessary. It is the job's identity for people. */
export interface OutboxRow {
  id: string;
  kind: string;
  version: number;
  queue: QueueName;
  args: unknown;
  dedupeKey: string | null;
  notBeforeMs: number | null;
  /** What caused it: another job, a schedule's fire, a person. */
  cause: string;
  parentId: string | null;
  state: JobState;
  attempts: number;
  progress: { done: number; total: number } | null;
  result: unknown;
  errorCode: string | null;
  errorMessage: string | null;
  createdAtMs: number;
  publishedAtMs: number | null;
  startedAtMs: number | null;
  acknowledgedAtMs: number | null;
}
export interface NewIntent {
  kind: string;
  args: unknown;
  cause: string;
  parentId?: string | null | undefined;
  notBeforeMs?: number | undefined;
}
/** Kind, queue, version and dedupe key of an intent, looked up from the job registry. */
export interface IntentResolver {
  resolve(intent: NewIntent): { version: number; queue: QueueName; args: unknown; dedupeKey: string | null };
}
export interface OutboxRepository {
  /** Validates the arguments, writes the row, notifies the relay on commit. */
  enqueue(intent: NewIntent): Promise<OutboxRow>;
  /** Locks unpublished due rows (`FOR UPDATE SKIP LOCKED`), oldest first; inside a transaction. */
  claimUnpublished(limit: number): Promise<OutboxRow[]>;
  markPublished(ids: readonly string[]): Promise<void>;
  /** Published or running but never acknowledged → unpublished again. Returns how many. */
  resetUnacknowledged(): Promise<number>;
  started(id: string, attempt: number): Promise<void>;
  progress(id: string, done: number, total: number): Promise<void>;
  succeeded(id: string, result: unknown): Promise<void>;
  /** `final: false`: another attempt follows. */
  failed(id: string, error: { code: string; message: string; final: boolean }): Promise<void>;
  /**
   * Ids of the committed, due, unacknowledged, never started rows of that kind and key, oldest first. A run that reads this
   * before it reads anything else covers them all: unlike a comparison of times, that holds however long the
   * transactions took that wrote them.
   */
  waiting(kind: string, dedupeKey: string): Promise<string[]>;
  /** Those of `ids` that are still unacknowledged and never started → collapsed into `intoId`. Returns how many. */
  collapse(intoId: string, ids: readonly string[]): Promise<number>;
  /** Those of `ids` that are published or running and not acknowledged → unpublished again, relay notified. Returns how many. */
  unpublish(ids: readonly string[]): Promise<number>;
  cancel(id: string): Promise<boolean>;
  get(id: string): Promise<OutboxRow | null>;
  list(filter: { state?: JobState | undefined; kind?: string | undefined; limit: number }): Promise<OutboxRow[]>;
  /** Rows not yet acknowledged. */
  openCount(): Promise<number>;
}

export interface DeadLetterRow {
  id: string;
  jobId: string;
  kind: string;
  args: unknown;
  errorCode: string;
  errorMessage: string;
  stack: string | null;
  attempts: number;
  firstFailedAtMs: number;
  lastFailedAtMs: number;
}
export interface DeadLetterRepository {
  record(row: Omit<DeadLetterRow, 'id'>): Promise<void>;
  list(limit: number): Promise<DeadLetterRow[]>;
}

export type FireOutcome = 'fired' | 'late' | 'skipped' | 'caught-up' | 'manual';
export interface FireRow {
  schedule: string;
  /** Local wall-clock slot with the zone, `2026-10-25T01:30[Europe/Berlin]`: a repeated hour is one slot. */
  slot: string;
  slotAtMs: number;
  outcome: FireOutcome;
  reason: string | null;
  instance: string;
  jobId: string | null;
  firedAtMs: number;
}
export interface FireRepository {
  /** True for the one caller that inserted the slot. */
  claim(row: Omit<FireRow, 'firedAtMs' | 'jobId'>): Promise<boolean>;
  attachJob(schedule: string, slot: string, jobId: string): Promise<void>;
  list(filter: { schedule?: string | undefined; limit: number }): Promise<FireRow[]>;
}

/** Everything one transaction can touch. */
export interface Repositories {
  measurements: MeasurementRepository;
  costs: CostRepository;
  watermarks: WatermarkRepository;
  pulls: PullRepository;
  dirty: DirtyRepository;
  projects: ProjectRepository;
  snapshots: SnapshotRepository;
  reports: ReportRepository;
  digests: DigestRepository;
  deliveries: DeliveryRepository;
  outbox: OutboxRepository;
  deadLetters: DeadLetterRepository;
  fires: FireRepository;
  /** Serialises work on one thing until the transaction ends (advisory lock). */
  lock(key: string): Promise<void>;
}

export interface Store extends Repositories {
  /**
   * Serialisable enough by explicit locks (read committed); a thrown error rolls all of it back. `oneInstant`: every read
   * sees what was committed when the transaction began, and nothing of what is committed meanwhile (repeatable read).
   */
  transaction<T>(work: (repositories: Repositories) => Promise<T>, options?: { oneInstant?: boolean }): Promise<T>;
  /** Calls back on each outbox notification, and once whenever the listening connection was (re)made. */
  listenOutbox(onNotify: () => void): Promise<{ close(): Promise<void> }>;
  health(): Promise<{ version: string; clockDifferenceMs: number }>;
  close(): Promise<void>;
}
