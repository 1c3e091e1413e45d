import { canonicalHash } from '#domain';
import {
  asOutturnError,
  type Clock,
  type Config,
  type DryRunResult,
  type Extractor,
  type FetchFactory,
  type FetchPurpose,
  type FileSource,
  type Logger,
  type Metrics,
  noTracing,
  type ObjectStore,
  type OutturnError,
  type PullContext,
  type PullRequest,
  type PullRunner,
  type PullSummary,
  type RawPage,
  type Registry,
  type SqlSource,
  type Store,
  type Tracing,
} from '#kit';
import { cancelled, KeyedQueue, untilAborted } from './abort.ts';
import { requireSameUnits } from './affected.ts';
import { PageArchive } from './archive.ts';
import { located } from './located.ts';
import { expectedPoints, type PullPlan, planBackfillChunk, planPull } from './plan.ts';
import { PulledRows } from './rows.ts';
import { storePull } from './store-pull.ts';
import { findTarget, type Target } from './target.ts';

export interface PullRunnerParts {
  config: Config;
  registry: Registry;
  store: Store;
  objects: ObjectStore;
  fetch: FetchFactory;
  files: FileSource;
  sql: SqlSource;
  extract: Extractor;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Absent: lines of the log do not say which pull wrote them. */
  tracing?: Pick<Tracing, 'within'> | undefined;
  newId(): string;
  redact(text: string): string;
}

/**
 * Runs pulls. Two live ones of one stream never run at once in this process, nor two chunks of backfills of it; across
 * processes the transaction that stores takes a lock. Errors are typed (kit's codes); after one, nothing is stored but the pull row with the reason.
 */
export function createPullRunner(parts: PullRunnerParts): PullRunner {
  const { store, clock, log, metrics, tracing = noTracing } = parts;
  const queue = new KeyedQueue();

  function context(
    target: Target,
    plan: PullPlan,
    purpose: FetchPurpose,
    signal: AbortSignal,
  ): PullContext<unknown, unknown> {
    const { connector, stream } = target;
    return {
      options: connector.options,
      http: parts.fetch.client(connector, signal, { purpose }),
      files: parts.files,
      sql: parts.sql,
      extract: parts.extract,
      log: log.child({ connector: connector.id, stream: stream.id }),
      nowMs: () => clock.nowMs(),
      signal,
      stream: stream.options,
      streamId: stream.id,
      window: plan.window,
    };
  }

  async function plan(
    { connector, stream, kind }: Target,
    { fromMs, toMs }: Pick<PullRequest, 'fromMs' | 'toMs'>,
  ): Promise<PullPlan & { watermarkMs: number | null }> {
    const watermarkMs = (await store.watermarks.get(connector.id, stream.id))?.watermarkMs ?? null;
    const { intervalMs } = kind.timing(stream.options);
    return { ...planPull({ stream, intervalMs, watermarkMs, nowMs: clock.nowMs(), fromMs, toMs }), watermarkMs };
  }

  /** Reads all pages; `keep` comes before parsing, so that evidence of a bad page exists, and gives the hash. */
  async function read(
    target: Target,
    planned: PullPlan,
    purpose: FetchPurpose,
    signal: AbortSignal,
    keep: (page: RawPage) => Promise<string>,
  ): Promise<PulledRows> {
    const { kind, connector, stream } = target;
    const finalUpToMs = clock.nowMs() - stream.finalAfterMs;
    const rows = new PulledRows(parts.redact);
    const parseContext = {
      options: connector.options,
      stream: stream.options,
      streamId: stream.id,
      extract: parts.extract,
    };
    for await (const page of untilAborted(kind.pull(context(target, planned, purpose, signal)), signal)) {
      const hash = await keep(page);
      rows.add(await kind.parse(page, parseContext), hash, finalUpToMs);
    }
    if (signal.aborted) throw cancelled(signal);
    requireSameUnits(await store.projects.list(), { connector: connector.id, stream: stream.id }, rows.samples);
    judgeCompleteness(rows, expected(target, planned, rows));
    return rows;
  }

  function expected(target: Target, planned: PullPlan, rows: PulledRows): number | null {
    const each = expectedPoints(planned.window, target.kind.timing(target.stream.options).intervalMs);
    return each === null ? null : each * Math.max(rows.seriesCount, 1);
  }

  /** The error in words of the stream, with the row of the failed pull written. */
  async function recordFailure(
    pullId: string,
    name: { connector: string; stream: string },
    thrown: unknown,
    pages: number,
    signal: AbortSignal,
  ): Promise<OutturnError> {
    const error = signal.aborted ? cancelled(signal) : located(thrown, name);
    try {
      await store.pulls.fail(pullId, {
        errorCode: error.code,
        errorMessage: parts.redact(error.message),
        pages,
      });
    } catch (second) {
      // The first error is the one that matters; this one is usually the same database being away.
      log.warn({ pullId, code: asOutturnError(second).code }, 'the failed pull could not be recorded');
    }
    return error;
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
    const planned = backfill === undefined ? await plan(target, request) : planBackfillChunk(request);
    const before = await store.pulls.streamVersion(name.connector, name.stream);
    const streamVersion = streamVersionOf(target);
    await store.pulls.start({ id: pullId, jobId, attempt, ...name, ...planned.window, streamVersion });
    const archive = new PageArchive(parts.objects, pullId, parts.redact);
    const finished = (outcome: 'succeeded' | 'failed', rows: number, revisions: number): void =>
      metrics.pullFinished({ ...name, outcome, rows, revisions, durationMs: clock.nowMs() - startedAtMs });
    try {
      const purpose = backfill === undefined ? 'live' : 'backfill';
      const rows = await read(target, planned, purpose, signal, async (page) => {
        const kept = await archive.add(page);
        // How many pages follow only the source knows.
        progress(archive.pages.length, archive.pages.length + 1);
        return kept.sha256;
      });
      if (before !== null && before !== streamVersion)
        rows.warn(
          `the stream is defined otherwise than at its last pull (${before.slice(0, 8)} → ${streamVersion.slice(0, 8)}): its figures of before and after may not be comparable`,
        );
      if (archive.pages.length > 0) await archive.close({ ...name, kind: target.kind.kind });
      if (signal.aborted) throw cancelled(signal);
      // Where points are due at fixed times, an empty answer proves nothing: that window is asked for again.
      const blank = rows.size === 0 && target.kind.timing(target.stream.options).intervalMs > 0;
      const stored = await storePull(store, {
        ...name,
        pullId,
        jobId,
        fence,
        backfill,
        observedAtMs: startedAtMs,
        advanceToMs: blank ? null : planned.advanceToMs,
        expected: expected(target, planned, rows),
        rows,
        pages: archive.pages,
      });
      progress(archive.pages.length, archive.pages.length);
      finished('succeeded', rows.size, stored.revisions);
      if (backfill === undefined && stored.watermarkMs !== null)
        metrics.gauge('watermark_lag_seconds', name, (clock.nowMs() - stored.watermarkMs) / 1000);
      log.info({ ...name, pullId, pages: archive.pages.length, rows: rows.size, ...stored }, 'pulled');
      return {
        pullId,
        ...name,
        ...planned.window,
        pages: archive.pages.length,
        rows: rows.size,
        inserted: stored.inserted,
        revisions: stored.revisions,
        warnings: rows.warnings,
        projects: stored.projects,
      };
    } catch (thrown) {
      const error = await recordFailure(pullId, name, thrown, archive.pages.length, signal);
      finished('failed', 0, 0);
      throw error;
    }
  }

  return {
    async run(request, runContext) {
      const target = findTarget(parts, request);
      const name = `${target.connector.id}/${target.stream.id}`;
      // A live pull must not wait behind a backfill of its stream: the transactions that store wait for each other, no more.
      const key = request.backfill === undefined ? name : `backfill ${name}`;
      const pullId = parts.newId();
      return await tracing.within({ pull: pullId }, () =>
        queue.run(key, runContext.signal, () => pull(pullId, target, request, runContext)),
      );
    },

    async preview(request) {
      const { window, advanceToMs, watermarkMs } = await plan(findTarget(parts, request), request);
      return { ...window, watermarkMs, advanceToMs };
    },

    async dryRun(request, { signal }): Promise<DryRunResult> {
      const target = findTarget(parts, request);
      const planned = await plan(target, request);
      const requests: DryRunResult['requests'] = [];
      try {
        const rows = await read(target, planned, 'live', signal, async ({ request: { method, url }, body }) => {
          requests.push({ method, url: parts.redact(url), bytes: Buffer.byteLength(body) });
          return '';
        });
        const strip = <T extends { pageHash: unknown }>({ pageHash: _, ...row }: T) => row;
        return {
          ...planned.window,
          requests,
          measurements: rows.samples.map(strip),
          costs: rows.costs.map(strip),
          quotes: rows.quotes.map(strip),
          warnings: rows.warnings,
        };
      } catch (thrown) {
        throw signal.aborted ? cancelled(signal) : located(thrown, request);
      }
    },
  };
}

/** The same as long as the stream asks the same: a changed query is another version. */
function streamVersionOf({ kind, stream }: Target): string {
  return canonicalHash({ kind: kind.kind, options: stream.options }).slice(0, 16);
}

/** Zero, no data and incomplete data are told apart; only the last two are worth a warning. */
function judgeCompleteness(rows: PulledRows, expectedCount: number | null): void {
  if (rows.size === 0 && rows.warnings.length === 0)
    rows.warn('the source answered, but with no sample, cost line or exchange rate for this window');
  else if (expectedCount !== null && rows.samples.length < expectedCount)
    rows.warn(
      `${rows.samples.length} of ${expectedCount} expected points came; the others count as missing, not as zero`,
    );
}
