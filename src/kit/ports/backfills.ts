import type { BackfillRow, WindowCoverage } from '../store/index.ts';

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
