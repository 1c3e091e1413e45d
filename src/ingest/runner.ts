import {
  asOutturnError,
  noTracing,
  type OutturnError,
  type PullProgress,
  type PullRequest,
  type PullRunner,
  type PullSummary,
  type RawPage,
} from '#kit';
import { cancelled, KeyedQueue, orAbandoned, orAborted } from './abort.ts';
import { PageArchive } from './archive.ts';
import { expectedOf, judgeCompleteness } from './completeness.ts';
import { dryRun } from './dry-run.ts';
import { planDue } from './due-window.ts';
import { located, reworded } from './located.ts';
import { type PullPlan, planBackfillChunk } from './plan.ts';
import { PullWriter } from './pull-writer.ts';
import { readPages } from './read-pages.ts';
import { PulledRows } from './rows.ts';
import { type PullRunnerParts, USUAL_BOUNDS } from './runner-parts.ts';
import { findPulled, streamVersionOf, type Target } from './target.ts';

/**
 * Runs pulls. Two live ones of one stream never run at once in this process, nor two chunks of backfills of it; across
 * processes the transactions that store take a lock. Memory is bounded: what was read is stored in parts. Errors are typed
 * (kit's codes); after one, the parts that were stored stay, the pull's row has the reason, and the next pull goes on from the last
 * instant before which all is stored.
 */
export function createPullRunner(parts: PullRunnerParts): PullRunner {
  const { store, clock, log, metrics, tracing = noTracing } = parts;
  const queue = new KeyedQueue();
  const bounds = { ...USUAL_BOUNDS, ...parts.bounds };

  /** Where an attempt that was broken off is gone on with: by a job's own earlier attempts, or those at the chunk. */
  async function resume(
    planned: PullPlan,
    resumeKey: string | null,
    streamVersion: string,
  ): Promise<{ planned: PullPlan; earlier: PullProgress | null }> {
    const earlier = resumeKey === null ? null : await store.pulls.progressOf(resumeKey, streamVersion);
    const { fromMs, toMs } = planned.window;
    const reachedMs = earlier?.completeToMs ?? null;
    if (reachedMs === null || reachedMs <= fromMs || reachedMs >= toMs) return { planned, earlier: null };
    return { planned: { ...planned, window: { fromMs: reachedMs, toMs } }, earlier };
  }

  /** The error in words of the stream, with the row of the failed pull written. */
  async function recordFailure(
    pullId: string,
    name: { connector: string; stream: string },
    thrown: unknown,
    { archive, writer, signal }: { archive: PageArchive; writer: PullWriter; signal: AbortSignal },
  ): Promise<OutturnError> {
    const error = signal.aborted ? cancelled(signal) : located(thrown, name);
    const { rows: storedRows } = writer.stored;
    const kept = storedRows === 0 ? 'nothing of it was stored' : `the ${storedRows} rows that it had stored stay`;
    const told =
      storedRows > 0 || error.code === 'queue/cancelled' ? reworded(error, `${error.message}; ${kept}`) : error;
    try {
      await store.pulls.fail(
        pullId,
        { errorCode: told.code, errorMessage: parts.redact(told.message), pages: archive.count },
        [...writer.unstoredPages, ...archive.take()],
      );
    } catch (second) {
      // The first error is the one that matters; this one is usually the same database being away.
      log.warn({ pullId, code: asOutturnError(second).code }, 'the failed pull could not be recorded');
    }
    return told;
  }

  async function pull(
    pullId: string,
    target: Target,
    request: PullRequest,
    { signal, progress }: { signal: AbortSignal; progress(done: number, total: number): void },
  ): Promise<PullSummary> {
    const startedAtMs = clock.nowMs();
    const name = { connector: target.connector.id, stream: target.stream.id };
    const { jobId, attempt, fence, backfill } = request;
    const { intervalMs } = target.kind.timing(target.stream.options);
    const before = await store.pulls.streamVersion(name.connector, name.stream);
    const streamVersion = streamVersionOf(target);
    const resumeKey = resumeKeyOf(request);
    const asked = backfill === undefined ? await planDue(parts, target, request) : planBackfillChunk(request);
    const { planned, earlier } = await resume(asked, resumeKey, streamVersion);
    const { kind } = target.kind;
    await store.pulls.start({ id: pullId, jobId, attempt, ...name, ...planned.window, streamVersion, kind, resumeKey });
    const archive = new PageArchive(parts.objects, pullId, parts.redact);
    const writer = new PullWriter({
      store,
      objects: parts.objects,
      ...name,
      pullId,
      jobId,
      fence,
      backfill,
      window: planned.window,
      advanceToMs: planned.advanceToMs,
      earlier,
      signal,
    });
    const finished = (outcome: 'succeeded' | 'failed', rows: number, revisions: number): void =>
      metrics.pullFinished({ ...name, outcome, rows, revisions, durationMs: clock.nowMs() - startedAtMs });
    try {
      const purpose = backfill === undefined ? 'live' : 'backfill';
      const finalUpToMs = startedAtMs - target.stream.finalAfterMs;
      const rows = new PulledRows(parts.redact);
      let heldBytes = 0;
      let completeToMs: number | null = null;
      let observedAtMs = startedAtMs;
      const part = () => {
        const taken = { rows: rows.take(), pages: archive.take(), observedAtMs, completeToMs };
        heldBytes = 0;
        observedAtMs = clock.nowMs();
        return taken;
      };
      const keep = async (page: RawPage): Promise<string> => {
        const kept = await archive.add(page);
        // How many pages follow only the source knows.
        progress(archive.count, archive.count + 1);
        return kept.sha256;
      };
      for await (const slice of readPages(parts, { target, planned, purpose, signal, keep })) {
        rows.add(slice.rows, slice.hash, finalUpToMs);
        heldBytes += slice.bytes;
        completeToMs = slice.completeToMs ?? completeToMs;
        if (rows.held >= bounds.rows || heldBytes >= bounds.bytes || archive.held >= bounds.pages)
          await orAborted(writer.store(part()), signal);
      }
      if (before !== null && before !== streamVersion)
        rows.warn(
          `the stream is defined otherwise than at its last pull (${before.slice(0, 8)} → ${streamVersion.slice(0, 8)}): its figures of before and after may not be comparable`,
        );
      const expectedCount = expectedOf(target, planned, rows);
      const stored = await writer.finish(part(), () => {
        judgeCompleteness(rows, expectedCount);
        // Where points are due at fixed times, an empty answer proves nothing: that window is asked for again.
        const advances = rows.size > 0 || intervalMs === 0;
        return {
          expected: expectedCount,
          warnings: rows.warnings(writer.stored.repeated),
          completePrefixes: rows.completePrefixes,
          advances,
        };
      });
      const { pages, rows: rowCount, inserted, revisions } = writer.stored;
      progress(pages, pages);
      finished('succeeded', rowCount, revisions);
      if (backfill === undefined && stored.watermarkMs !== null)
        metrics.gauge('watermark_lag_seconds', name, (clock.nowMs() - stored.watermarkMs) / 1000);
      const facts = { pages, rows: rowCount, inserted, revisions };
      log.info({ ...name, pullId, ...facts, ...stored }, 'pulled');
      return {
        pullId,
        ...name,
        ...planned.window,
        ...facts,
        warnings: rows.warnings(writer.stored.repeated),
        projects: stored.projects,
      };
    } catch (thrown) {
      // A part that is being stored commits before the pull ends, or not at all.
      const cause = await writer.settled().then(
        () => thrown,
        (first: unknown) => first,
      );
      const { rows: storedRows, revisions } = writer.stored;
      const error = await recordFailure(pullId, name, cause, { archive, writer, signal });
      finished('failed', storedRows, revisions);
      throw error;
    }
  }

  return {
    async run(request, runContext) {
      const target = findPulled(parts, request);
      const name = `${target.connector.id}/${target.stream.id}`;
      // A live pull must not wait behind a backfill of its stream: the transactions that store wait for each other, no more.
      const key = request.backfill === undefined ? name : `backfill ${name}`;
      const pullId = parts.newId();
      return await tracing.within({ pull: pullId }, () =>
        orAbandoned(
          queue.run(key, runContext.signal, () => pull(pullId, target, request, runContext)),
          runContext.signal,
        ),
      );
    },

    async preview(request) {
      const { window, advanceToMs, watermarkMs } = await planDue(parts, findPulled(parts, request), request);
      return { ...window, watermarkMs, advanceToMs };
    },

    dryRun: (request, { signal }) => dryRun(parts, request, signal),
  };
}

/**
 * What the attempts at one window have in common: a job with a window of its own, or a chunk. Null for what is due, which begins
 * where the watermark stands. A window that a person asks for once more is read anew.
 */
function resumeKeyOf({ jobId, backfill, fromMs, toMs }: PullRequest): string | null {
  if (backfill !== undefined) return `backfill/${backfill.id}/${backfill.seq}`;
  return fromMs === null && toMs === null ? null : `job/${jobId}`;
}
