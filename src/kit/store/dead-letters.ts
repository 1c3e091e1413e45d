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
