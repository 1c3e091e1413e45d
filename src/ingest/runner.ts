import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { CostLine, Measurement } from '#domain';
import {
  asOutturnError,
  type Clock,
  type Config,
  type DryRunResult,
  type Extractor,
  type FetchFactory,
  type FetchPurpose,
  type FileSource,
  type HttpClient,
  type IngestQuote,
  type Logger,
  type Metrics,
  noTracing,
  type ObjectStore,
  type OutturnError,
  type ParsedPage,
  type PullContext,
  type PullProgress,
  type PullRequest,
  type PullRunner,
  type PullSummary,
  type RawPage,
  type Registry,
  requireReadable,
  type SqlSource,
  type Store,
  type Tracing,
} from '#kit';
import { cancelled, KeyedQueue, orAbandoned, orAborted, untilAborted } from './abort.ts';
import { requireSameUnits } from './affected.ts';
import { PageArchive } from './archive.ts';
import { FirstAndLast } from './first-and-last.ts';
import { located, reworded } from './located.ts';
import { observedHttp } from './observed-http.ts';
import { patientHttp } from './patient-http.ts';
import { expectedPoints, type PullPlan, planBackfillChunk, planPull } from './plan.ts';
import { PullWriter } from './pull-writer.ts';
import { PulledRows } from './rows.ts';
import { findPulled, streamVersionOf, type Target } from './target.ts';

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
  /** How much of a pull is held at most before it is stored; absent: as is usual. */
  bounds?: Partial<PullBounds> | undefined;
}

/** What is read is stored when one of these is reached. Twice as much is held at most: one part is stored while the next is read. */
export interface PullBounds {
  rows: number;
  /** Of text that was parsed into rows. */
  bytes: number;
  pages: number;
}
const BOUNDS: PullBounds = { rows: 10_000, bytes: 8 * 1024 * 1024, pages: 500 };
/** Rows taken over at once from a page: between two slices the process hears of a cancel. */
const SLICE_ROWS = 5_000;
/** Of each kind at the beginning, and as many at the end, of what a dry run gives back. */
const SHOWN_ROWS = 1_000;

/**
 * Runs pulls. Two live ones of one stream never run at once in this process, nor two chunks of backfills of it; across
 * processes the transactions that store take a lock. Memory is bounded: what was read is stored in parts. Errors are typed
 * (kit's codes); after one, the parts that were stored stay, the pull's row has the reason, and the next pull goes on from the last
 * instant before which all is stored.
 */
export function createPullRunner(parts: PullRunnerParts): PullRunner {
  const { store, clock, log, metrics, tracing = noTracing } = parts;
  const queue = new KeyedQueue();

  function context(
    target: Target,
    plan: PullPlan,
    purpose: FetchPurpose,
    signal: AbortSignal,
    observe: (http: HttpClient) => HttpClient,
  ): PullContext<unknown, unknown> {
    const { connector, stream } = target;
    requireReadable(connector);
    return {
      options: connector.options,
      http: patientHttp(observe(parts.fetch.client(connector, signal, { purpose })), signal),
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

  const bounds = { ...BOUNDS, ...parts.bounds };

  /** Pages with their rows in slices. `keep` comes before parsing, so that evidence of a bad page exists, and gives the hash. */
  async function* read(
    target: Target,
    planned: PullPlan,
    purpose: FetchPurpose,
    signal: AbortSignal,
    keep: (page: RawPage) => Promise<string>,
    observe: (http: HttpClient) => HttpClient = (http) => http,
  ): AsyncGenerator<{ rows: ParsedPage; hash: string; bytes: number; completeToMs: number | null }> {
    const { kind, connector, stream } = target;
    const parseContext = {
      options: connector.options,
      stream: stream.options,
      streamId: stream.id,
      extract: parts.extract,
    };
    for await (const page of untilAborted(kind.pull(context(target, planned, purpose, signal, observe)), signal)) {
      const hash = await orAborted(keep(page), signal);
      const parsed = await orAborted(kind.parse(page, parseContext), signal);
      const { measurements, ...others } = parsed;
      for (let at = SLICE_ROWS; at < measurements.length; at += SLICE_ROWS) {
        const rows = { measurements: measurements.slice(at - SLICE_ROWS, at), costs: [], warnings: [] };
        yield { rows, hash, bytes: 0, completeToMs: null };
        await turnOfTheLoop();
        if (signal.aborted) throw cancelled(signal);
      }
      const last = Math.max(0, Math.ceil(measurements.length / SLICE_ROWS) - 1) * SLICE_ROWS;
      yield {
        rows: { ...others, measurements: last === 0 ? measurements : measurements.slice(last) },
        hash,
        bytes: page.body.length,
        completeToMs: page.completeToMs ?? null,
      };
    }
    if (signal.aborted) throw cancelled(signal);
  }

  function expected(target: Target, planned: PullPlan, rows: PulledRows): number | null {
    const each = expectedPoints(planned.window, target.kind.timing(target.stream.options).intervalMs);
    return each === null ? null : each * Math.max(rows.seriesCount, 1);
  }

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
    const asked = backfill === undefined ? await plan(target, request) : planBackfillChunk(request);
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
      for await (const slice of read(target, planned, purpose, signal, keep)) {
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
      const expectedCount = expected(target, planned, rows);
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
      const { window, advanceToMs, watermarkMs } = await plan(findPulled(parts, request), request);
      return { ...window, watermarkMs, advanceToMs };
    },

    async dryRun(request, { signal }): Promise<DryRunResult> {
      const target = findPulled(parts, request);
      const planned = await plan(target, request);
      const requests: DryRunResult['requests'] = [];
      const exchanges: DryRunResult['exchanges'] = [];
      const observe = (http: HttpClient): HttpClient =>
        observedHttp(http, clock.nowMs, ({ url, ...exchange }) =>
          exchanges.push({ ...exchange, url: parts.redact(url) }),
        );
      try {
        const rows = new PulledRows(parts.redact);
        const finalUpToMs = clock.nowMs() - target.stream.finalAfterMs;
        const note = async ({ request: { method, url }, body }: RawPage): Promise<string> => {
          requests.push({ method, url: parts.redact(url), bytes: Buffer.byteLength(body) });
          return '';
        };
        const projects = await store.projects.list();
        const shown = {
          measurements: new FirstAndLast<Measurement>(SHOWN_ROWS),
          costs: new FirstAndLast<CostLine>(SHOWN_ROWS),
          quotes: new FirstAndLast<Omit<IngestQuote, 'pageHash'>>(SHOWN_ROWS),
        };
        const strip = <T extends { pageHash: unknown }>({ pageHash: _, ...row }: T) => row;
        const show = (): void => {
          const batch = rows.take();
          requireSameUnits(projects, request, batch.samples);
          shown.measurements.add(batch.samples.map(strip));
          shown.costs.add(batch.costs.map(strip));
          shown.quotes.add(batch.quotes.map(strip));
        };
        for await (const slice of read(target, planned, 'live', signal, note, observe)) {
          rows.add(slice.rows, slice.hash, finalUpToMs);
          if (rows.held >= bounds.rows) show();
        }
        show();
        const points = expected(target, planned, rows);
        judgeCompleteness(rows, points);
        const isBlank = rows.size === 0 && target.kind.timing(target.stream.options).intervalMs > 0;
        const { measurements, costs, quotes } = shown;
        return {
          ...planned.window,
          requests,
          exchanges,
          completeness: points === null ? null : { received: rows.sampleCount, expected: points },
          watermark: { nowMs: planned.watermarkMs, thenMs: isBlank ? null : planned.advanceToMs },
          counts: { measurements: measurements.count, costs: costs.count, quotes: quotes.count },
          measurements: measurements.items,
          costs: costs.items,
          quotes: quotes.items,
          warnings: rows.warnings(),
        };
      } catch (thrown) {
        throw signal.aborted ? cancelled(signal) : located(thrown, request);
      }
    },
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

/** Zero, no data and incomplete data are told apart; only the last two are worth a warning. */
function judgeCompleteness(rows: PulledRows, expectedCount: number | null): void {
  if (rows.size === 0 && rows.warnings().length === 0)
    rows.warn('the source answered, but with no sample, cost line or exchange rate for this window');
  else if (expectedCount !== null && rows.sampleCount < expectedCount)
    rows.warn(`${rows.sampleCount} of ${expectedCount} expected points came; the others count as missing, not as zero`);
}
