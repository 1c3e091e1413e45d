import type { Finding } from '../connector.ts';
import type { PullRow } from './pulls.ts';

/** A connector as it was applied: JSON, secrets masked. */
export interface ConnectorDefinition {
  kind: string;
  /** What holds for all its streams: address, login, options of the kind. */
  settings: Record<string, unknown>;
  streams: Record<string, Record<string, unknown>>;
  /** Places in `settings` of limits that the kind knew of the vendor: what stands there is the vendor's or was written. */
  limitsKnown?: string[];
}
/** One definition of a connector, in force from `recordedAtMs` to the next version. Immutable. */
export interface ConnectorVersion {
  connector: string;
  version: number;
  kind: string;
  definition: ConnectorDefinition;
  /** Null: it has no secrets. */
  secretsFingerprint: string | null;
  /** From then on it stands in no configuration. */
  isRetired: boolean;
  recordedAtMs: number;
  recordedBy: string;
  reason: string | null;
}
export interface StreamIdentityRow {
  connector: string;
  stream: string;
  /** 1 for what it first asked. */
  generation: number;
  identity: string;
  sinceMs: number;
}
/** The newest pulls of a stream; chunks of backfills, and pulls that somebody or a shutdown stopped, are left out. */
export interface StreamHealthRow {
  connector: string;
  stream: string;
  latest: Pick<PullRow, 'id' | 'state' | 'errorCode' | 'errorMessage' | 'startedAtMs' | 'finishedAtMs'>;
  lastSuccess: Pick<
    PullRow,
    'id' | 'fromMs' | 'toMs' | 'rows' | 'expected' | 'inserted' | 'revisions' | 'warnings' | 'finishedAtMs'
  > | null;
  /** Start of the first pull that failed after the last success; null: the newest one that ended did not fail. */
  failingSinceMs: number | null;
  failures: number;
}
export interface ConnectorCheckRow {
  connector: string;
  checkedAtMs: number;
  durationMs: number;
  findings: Finding[];
}
export interface ConnectorRepository {
  /** The newest version of each connector, also of retired ones; by id. */
  inForce(): Promise<ConnectorVersion[]>;
  /** Writes the next version. Serialise by `lock('connectors')`. */
  record(
    draft: Pick<ConnectorVersion, 'connector' | 'kind' | 'definition' | 'secretsFingerprint' | 'isRetired'>,
    by: { by: string; reason: string | null },
  ): Promise<void>;
  /** The newest identity of each stream. */
  identities(): Promise<StreamIdentityRow[]>;
  /** Null: it was never applied. */
  identity(connector: string, stream: string): Promise<StreamIdentityRow | null>;
  /**
   * Begins a generation when the stream asks something else than in its newest one: its series and cost lines so far count
   * no more, its watermark is gone. The first one leaves everything as it is. True when a later generation began.
   * Takes the lock of the stream's pulls; within a transaction only.
   */
  setIdentity(stream: { connector: string; stream: string; identity: string }): Promise<boolean>;
  health(): Promise<StreamHealthRow[]>;
  /** Replaces what the last check of that connector found. */
  saveCheck(check: ConnectorCheckRow): Promise<void>;
  checks(): Promise<ConnectorCheckRow[]>;
}
