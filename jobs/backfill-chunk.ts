import { z } from 'zod';
import { defineJob, type PlannedEffect } from '#kit';

const args = z.strictObject({
  /** Its id. */
  backfill: z.string().min(1),
  /** From 1. */
  seq: z.int().min(1),
});

/**
 * Reads one chunk of a backfill. The next one's job is written in the transaction that stores its rows, so that one runs at a
 * time; how this job ends decides how the backfill goes on (migration 010).
 */
export const backfillChunk = defineJob({
  kind: 'backfill-chunk',
  version: 1,
  queue: 'backfill',
  priority: 'low',
  args,
  attempts: 6,
  backoff: { baseMs: 10_000, capMs: 900_000 },
  // Most of it may be waiting behind live pulls of the same account.
  timeoutMs: 2 * 3_600_000,
  dedupeKey: () => null,
  async run({ backfill: id, seq }, { jobId, attempt, fence, signal, ports, progress }) {
    const start = await ports.store.backfills.begin(id, seq, jobId);
    if (start === null) return { backfill: id, seq, skipped: 'it is done, or was asked for anew' };
    const { chunk, connector, stream, chunks } = start;
    progress(chunks.done, chunks.total);
    const { pullId, fromMs, toMs, pages, rows, inserted, revisions, warnings } = await ports.pulls.run(
      { connector, stream, fromMs: chunk.fromMs, toMs: chunk.toMs, jobId, attempt, fence, backfill: { id, seq } },
      { signal, progress: () => {} },
    );
    progress(chunks.done + 1, chunks.total);
    return { pullId, fromMs, toMs, pages, rows, inserted, revisions, warningCount: warnings.length };
  },
  async preview({ backfill: id, seq }, { store }): Promise<PlannedEffect[]> {
    const backfill = await store.backfills.get(id);
    const chunk = (await store.backfills.chunks(id)).find((each) => each.seq === seq);
    if (backfill === null || chunk === undefined)
      return [
        { effect: `read chunk ${seq} of the backfill ${id}`, state: 'done', detail: 'there is no such chunk any more' },
      ];
    const { connector, stream, chunks } = backfill;
    const [there] = await store.backfills.coverage(connector, stream, [chunk]);
    const window = `${new Date(chunk.fromMs).toISOString()} to ${new Date(chunk.toMs).toISOString()}`;
    const left = chunks.total - chunks.done;
    const state = chunk.state === 'done' ? 'done' : 'to-do';
    return [
      {
        effect: `read ${connector}.${stream} from ${window}, chunk ${seq} of ${chunks.total}`,
        state,
        detail: `${there?.samples ?? 0} samples and ${there?.costs ?? 0} cost lines of it are stored; only what differs is added`,
      },
      { effect: 'leave the watermark where it is', state: 'done', detail: null },
      ...(state === 'done' || left <= 1
        ? []
        : [{ effect: `go on with the other chunks of the backfill ${id}: ${left - 1}`, state, detail: null } as const]),
    ];
  },
});
