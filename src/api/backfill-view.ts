import { type BackfillChunkRow, type BackfillPlan, type BackfillRow, formatDurationMs } from '#kit';

const instant = (ms: number): string => new Date(ms).toISOString();
const maybe = (ms: number | null): string | null => (ms === null ? null : instant(ms));

/** A backfill as the API and `--json` show it. */
export function backfillView(row: BackfillRow, nowMs: number) {
  const { chunks, current } = row;
  return {
    id: row.id,
    connector: row.connector,
    stream: row.stream,
    from: instant(row.fromMs),
    to: instant(row.toMs),
    chunk: formatDurationMs(row.chunkMs),
    state: row.state,
    cause: row.cause,
    createdAt: instant(row.createdAtMs),
    endedAt: maybe(row.endedAtMs),
    progress: {
      done: chunks.done,
      total: chunks.total,
      pages: row.pages,
      rows: row.rows,
      inserted: row.inserted,
      revisions: row.revisions,
      warnings: row.warnings,
      /** While its chunks ran; null before the first is done. */
      rowsPerMinute: row.workedMs > 0 ? Math.round((row.rows / row.workedMs) * 60_000) : null,
      remainingSeconds: remainingSeconds(row, nowMs),
    },
    current:
      current === null
        ? null
        : {
            seq: current.seq,
            from: instant(current.fromMs),
            to: instant(current.toMs),
            jobId: current.jobId,
            jobState: current.jobState,
            attempts: current.attempts,
            error: current.errorCode === null ? null : { code: current.errorCode, message: current.errorMessage ?? '' },
          },
  };
}
export type BackfillView = ReturnType<typeof backfillView>;

/** If the chunks that are left take as long as those that are done; null where that says nothing. */
function remainingSeconds({ state, chunks, workedMs, current }: BackfillRow, nowMs: number): number | null {
  if (state !== 'running' || chunks.done === 0) return null;
  const eachMs = workedMs / chunks.done;
  const spentMs = current?.startedAtMs == null ? 0 : Math.min(nowMs - current.startedAtMs, eachMs);
  return Math.round(Math.max(0, eachMs * (chunks.total - chunks.done) - spentMs) / 1000);
}

export function backfillChunkView(row: BackfillChunkRow) {
  return {
    seq: row.seq,
    from: instant(row.fromMs),
    to: instant(row.toMs),
    state: row.state,
    jobId: row.jobId,
    pullId: row.pullId,
    pages: row.pages,
    rows: row.rows,
    inserted: row.inserted,
    revisions: row.revisions,
    warnings: row.warnings,
    error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
    startedAt: maybe(row.startedAtMs),
    finishedAt: maybe(row.finishedAtMs),
  };
}

export function backfillPlanView({ requests, ...plan }: BackfillPlan) {
  return {
    connector: plan.connector,
    stream: plan.stream,
    from: instant(plan.fromMs),
    to: instant(plan.toMs),
    chunk: formatDurationMs(plan.chunkMs),
    chunks: plan.chunks.map(({ fromMs, toMs, ...chunk }, index) => ({
      seq: index + 1,
      from: instant(fromMs),
      to: instant(toMs),
      requests: chunk.requests,
      stored: { samples: chunk.samples, costs: chunk.costs },
      isPulled: chunk.isPulled,
    })),
    requests: {
      count: requests.count,
      isLeast: requests.isLeast,
      perMinute: requests.perMinute,
      perDay: requests.perDay,
      durationSeconds: requests.durationMs === null ? null : Math.round(requests.durationMs / 1000),
    },
    warnings: plan.warnings,
  };
}
