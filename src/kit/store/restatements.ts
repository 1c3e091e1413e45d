import type { CostSource, CurrencyCode, DecimalString, LocalDate } from '../../domain/types.ts';
import type { BenefitRestatement, RestatementCause } from '../../domain/value/restatements.ts';

/** A figure that was counted once and is another one now, or counts no more. Never changed, never deleted. */
export interface RestatementRow {
  /** Ascending with the time of recording. */
  id: string;
  projectId: string;
  kind: 'benefit' | 'cost';
  /** Null for costs. */
  metricId: string | null;
  /** The metric's name; of a cost the connector and stream it came by. */
  name: string;
  unit: string | null;
  /** `connector/stream key #revision` of a cost line's correction; null for benefits. */
  costKey: string | null;
  /** First day of the period; of a cost the day it was posted. */
  period: LocalDate;
  currency: CurrencyCode;
  oldAmount: DecimalString;
  /** Null: no longer counted. */
  newAmount: DecimalString | null;
  oldActual: DecimalString | null;
  newActual: DecimalString | null;
  cause: RestatementCause;
  oldSnapshotId: string;
  newSnapshotId: string;
  recordedAtMs: number;
}

export interface RestatementRepository {
  /** Writes what was restated between two snapshots: inside the transaction that makes the later one the current one. */
  recordBenefits(
    between: { projectId: string; currency: CurrencyCode; oldSnapshotId: string; newSnapshotId: string },
    rows: readonly BenefitRestatement[],
  ): Promise<number>;
  /**
   * The same for cost lines of the project's sources corrected since its first snapshot, each correction once; one that
   * changed nothing that a figure rests on is left out.
   */
  recordCosts(
    between: { projectId: string; oldSnapshotId: string; newSnapshotId: string },
    sources: readonly CostSource[],
  ): Promise<number>;
  /** Newest first; of all projects without an id. `before`: only those recorded before the one of that id. */
  list(filter: {
    projectId?: string | undefined;
    before?: string | undefined;
    limit: number;
  }): Promise<RestatementRow[]>;
}
