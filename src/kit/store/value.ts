import type { LocalDate } from '../../domain/types.ts';
import type { RoiOutputs } from '../../domain/value/outputs.ts';
import type { SnapshotVersions } from '../../domain/value/snapshot-versions.ts';
import type { ReportFormat } from '../ports.ts';

export interface RoiSnapshot {
  id: string;
  projectId: string;
  asOf: LocalDate;
  knownAtMs: number;
  engineVersion: string;
  inputsHash: string;
  /** Null: made by an earlier release. */
  versions: SnapshotVersions | null;
  outputs: RoiOutputs;
  createdAtMs: number;
}
export interface SnapshotRepository {
  /** Immutable: the same project, date, inputs and engine give the row that is there, `created: false`. */
  save(
    snapshot: Omit<RoiSnapshot, 'createdAtMs' | 'versions'> & Partial<Pick<RoiSnapshot, 'versions'>>,
  ): Promise<{ snapshot: RoiSnapshot; created: boolean }>;
  get(id: string): Promise<RoiSnapshot | null>;
  /** By the beginning of the id, newest first. */
  find(prefix: string, limit: number): Promise<RoiSnapshot[]>;
  latest(projectId: string): Promise<RoiSnapshot | null>;
  /** The last one as of that date or an earlier one; of one date the one that was saved last. */
  lastUpTo(projectId: string, asOf: LocalDate): Promise<RoiSnapshot | null>;
  /** The one before it in the same order; null for the project's first. */
  before(id: string): Promise<RoiSnapshot | null>;
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
