import type { DeliveryRepository, DigestRepository } from './digests.ts';
import type { DirtyRepository, PullRepository, WatermarkRepository } from './pulls.ts';
import type { CostRepository, MeasurementRepository } from './samples.ts';
import type { ProjectRepository, ReportRepository, SnapshotRepository } from './value.ts';
import type { DeadLetterRepository, FireRepository, OutboxRepository } from './work.ts';

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
