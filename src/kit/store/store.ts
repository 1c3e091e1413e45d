import type { BackfillRepository } from './backfills.ts';
import type { BudgetRepository } from './budgets.ts';
import type { ConnectorRepository } from './connectors.ts';
import type { DeadLetterRepository } from './dead-letters.ts';
import type { DeliveryRepository, DigestRepository } from './digests.ts';
import type { FireRepository } from './fires.ts';
import type { FxRepository } from './fx.ts';
import type { JobFence, JobRunRepository } from './job-runs.ts';
import type { JobSearch } from './job-search.ts';
import type { MissingWorkRepository } from './missing-work.ts';
import type { OutboxRepository } from './outbox.ts';
import type { PageRetentionRepository } from './page-retention.ts';
import type { PeopleRepository } from './people.ts';
import type { PortfolioSnapshotRepository } from './portfolios.ts';
import type { ProjectRepository } from './projects.ts';
import type { DirtyRepository, PullRepository, WatermarkRepository } from './pulls.ts';
import type { PushRepository } from './push.ts';
import type { ReadingRepository } from './readings.ts';
import type { ReplayRepository } from './replays.ts';
import type { RestatementRepository } from './restatements.ts';
import type { CostRepository, MeasurementRepository } from './samples.ts';
import type { ScheduleRepository } from './schedules.ts';
import type { SecretRepository } from './secrets.ts';
import type { TokenStore } from './tokens.ts';
import type { ReportRepository, SnapshotRepository } from './value.ts';
import type { WorkInHandReader } from './work-in-hand.ts';

export interface TransactionOptions {
  oneInstant?: boolean | undefined;
  settled?: boolean | undefined;
  records?: boolean | undefined;
  fence?: JobFence | undefined;
}
/** `due`: something may be to publish; `cancelled`: that job is not wanted any more. */
export type OutboxNotice = { kind: 'due' } | { kind: 'cancelled'; jobId: string };

/** Everything one transaction can touch. */
export interface Repositories {
  measurements: MeasurementRepository;
  readings: ReadingRepository;
  restatements: RestatementRepository;
  costs: CostRepository;
  fx: FxRepository;
  watermarks: WatermarkRepository;
  pulls: PullRepository;
  pages: PageRetentionRepository;
  push: PushRepository;
  dirty: DirtyRepository;
  replays: ReplayRepository;
  projects: ProjectRepository;
  snapshots: SnapshotRepository;
  portfolios: PortfolioSnapshotRepository;
  people: PeopleRepository;
  reports: ReportRepository;
  digests: DigestRepository;
  deliveries: DeliveryRepository;
  outbox: OutboxRepository;
  runs: JobRunRepository;
  jobs: JobSearch;
  missing: MissingWorkRepository;
  deadLetters: DeadLetterRepository;
  backfills: BackfillRepository;
  fires: FireRepository;
  inHand: WorkInHandReader;
  schedules: ScheduleRepository;
  secrets: SecretRepository;
  connectors: ConnectorRepository;
  /** When a `settled` transaction began to see, else null. */
  seenAtMs(): number | null;
  /** Serialises work on one thing until the transaction ends (advisory lock). */
  lock(key: string): Promise<void>;
  /** Together with others that only share it; waits for one that has it by `lock`. */
  lockShared(key: string): Promise<void>;
}

export interface Store extends Repositories {
  /** Never part of a transaction: what is granted is granted at once, whatever becomes of the work. */
  budgets: BudgetRepository;
  /** Never part of a transaction: a token that a source has replaced is kept whatever becomes of the work. */
  tokens: TokenStore;
  /**
   * Serialisable enough by explicit locks (read committed); a thrown error rolls all of it back. `oneInstant`: every read
   * sees what was committed when the transaction began, and nothing of what is committed meanwhile (repeatable read).
   * `records`: writes what is told apart by when it was recorded. `settled`, of one instant: waits for transactions that record, so
   * that it sees all that was recorded by `seenAtMs()` and nothing that is recorded later, in whatever order they commit.
   * `fence`: commits only while that run's token is the newest of its job, else throws RetryableError `queue/interrupted`.
   */
  transaction<T>(work: (repositories: Repositories) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Calls back on each outbox notification, and once whenever the listening connection was (re)made. */
  listenOutbox(onNotify: (notice: OutboxNotice) => void): Promise<{ close(): Promise<void> }>;
  health(): Promise<{ version: string; clockDifferenceMs: number }>;
  close(): Promise<void>;
}
