import {
  type IngestResult,
  type JobFence,
  type NewPage,
  type ObjectStore,
  type PullProgress,
  type PullWindow,
  projectsUsingCurrencies,
  type Repositories,
  type Store,
} from '#kit';
import { dirtyPeriods, isRead, projectsOfCosts, requireSameUnits } from './affected.ts';
import { requireKept } from './require-kept.ts';
import type { RowBatch } from './rows.ts';

export interface PullWriterParts {
  store: Store;
  objects: ObjectStore;
  connector: string;
  stream: string;
  pullId: string;
  jobId: string;
  fence: JobFence;
  /** The chunk of a backfill that this is. */
  backfill: { id: string; seq: number } | undefined;
  window: PullWindow;
  /** Null: the watermark stays. */
  advanceToMs: number | null;
  /** What earlier attempts at this window have stored: the chunk of a backfill is booked with it. */
  earlier: PullProgress | null;
  signal: AbortSignal;
}
/** A part of a pull: what was read since the part before. */
export interface PullPart {
  rows: RowBatch;
  pages: readonly NewPage[];
  /** When the source was asked for the first page of it, at the earliest. */
  observedAtMs: number;
  /** Everything of the window before this instant is in this part or an earlier one; null: not known. */
  completeToMs: number | null;
}
export interface PullEnd {
  expected: number | null;
  warnings: readonly string[];
  /** Beginnings of the keys of cost lines that came whole: of these, the ones that did not come are withdrawn. */
  completePrefixes: readonly string[];
  /** False: the answer proves nothing, that window is asked for again. */
  advances: boolean;
}
export interface StoreOutcome {
  projects: string[];
  watermarkMs: number | null;
}

interface Written {
  inserted: number;
  revisions: number;
  repeated: number;
  projects: Set<string>;
}

const NOTHING: Pick<IngestResult, 'inserted' | 'revisions' | 'repeated' | 'changed'> = {
  inserted: 0,
  revisions: 0,
  repeated: 0,
  changed: [],
};

/**
 * Stores a pull part by part, each in one transaction: rows, pages, dirty periods, how far the pull got and, where everything
 * before an instant is there, the watermark. Either all of a part is there afterwards or none. While one part is stored the
 * next one is read; no third one waits. What the parts touched is recomputed once, when the pull ends, in whatever way.
 */
export class PullWriter {
  readonly #parts: PullWriterParts;
  #pending: Promise<void> = Promise.resolve();
  #lastObservedAtMs = Number.NEGATIVE_INFINITY;
  #unstoredPages: PullPart['pages'] = [];
  #stored: PullProgress & { repeated: number } = {
    pages: 0,
    rows: 0,
    inserted: 0,
    revisions: 0,
    repeated: 0,
    completeToMs: null,
  };

  constructor(parts: PullWriterParts) {
    this.#parts = parts;
  }

  /** What is committed. */
  get stored(): Readonly<PullProgress & { repeated: number }> {
    return this.#stored;
  }

  /** Pages of parts that were given but are not committed. */
  get unstoredPages(): PullPart['pages'] {
    return this.#unstoredPages;
  }

  /** Begins to store a part once the one before is stored; throws what went wrong with that one. */
  async store(part: PullPart): Promise<void> {
    this.#unstoredPages = [...this.#unstoredPages, ...part.pages];
    await this.#pending;
    this.#parts.signal.throwIfAborted();
    this.#pending = this.#transaction(part, null).then(() => undefined);
    // Thrown to whoever stores next; until then nobody waits.
    this.#pending.catch(() => undefined);
  }

  /** Waits until nothing is being stored; throws what went wrong. */
  async settled(): Promise<void> {
    await this.#pending;
  }

  /** Stores the last part and ends the pull. `end` is asked when all parts before are stored. */
  async finish(part: PullPart, end: () => PullEnd): Promise<StoreOutcome> {
    this.#unstoredPages = [...this.#unstoredPages, ...part.pages];
    await this.#pending;
    return await this.#transaction(part, end());
  }

  async #transaction(part: PullPart, end: PullEnd | null): Promise<StoreOutcome> {
    const { store, connector, stream, fence, window } = this.#parts;
    // A later page was asked for later: of a sample that came in two parts the later one counts, and nothing is recorded twice
    // for one observation.
    const observedAtMs = Math.max(part.observedAtMs, this.#lastObservedAtMs + 1);
    const { stored, outcome } = await store.transaction(
      async (tx) => {
        await tx.lock(`pull:${connector}/${stream}`);
        // Whoever defines a metric waits for this or is waited for: no sample is stored that its readings are not told of.
        await tx.lockShared('projects');
        const written = await this.#write(tx, part, observedAtMs);
        const withdrawn = end === null ? null : await this.#withdraw(tx, end, written, observedAtMs);
        const before = this.#stored;
        const stored = {
          pages: before.pages + part.pages.length,
          rows: before.rows + part.rows.size,
          inserted: before.inserted + written.inserted,
          revisions: before.revisions + written.revisions,
          repeated: before.repeated + written.repeated,
          completeToMs: latest(before.completeToMs, within(window, part.completeToMs)),
        };
        await this.#advance(tx, stored, end);
        const outcome =
          end === null
            ? await this.#goOn(tx, stored, written)
            : await this.#end(tx, stored, written, withEnd(end, withdrawn));
        this.#parts.signal.throwIfAborted();
        return { stored, outcome };
      },
      { fence, records: true },
    );
    this.#stored = stored;
    this.#unstoredPages = this.#unstoredPages.filter((page) => !part.pages.includes(page));
    this.#lastObservedAtMs = observedAtMs;
    return outcome;

    function withEnd(end: PullEnd, withdrawn: string | null): PullEnd {
      return withdrawn === null ? end : { ...end, warnings: [...end.warnings, withdrawn] };
    }

    function latest(a: number | null, b: number | null): number | null {
      return a === null || b === null ? (a ?? b) : Math.max(a, b);
    }
  }

  /** Rows, pages and dirty periods. */
  async #write(tx: Repositories, { rows, pages }: PullPart, observedAtMs: number): Promise<Written> {
    const { connector, stream, pullId, signal, backfill } = this.#parts;
    const projects = await tx.projects.list();
    requireSameUnits(projects, { connector, stream }, rows.samples);
    await requireKept(this.#parts.objects, await tx.pulls.addPages(pages));
    const name = { connector, stream };
    const input = { ...name, pullId, observedAtMs };
    const sampled =
      rows.samples.length === 0
        ? NOTHING
        : await tx.measurements.ingest({ ...input, rows: rows.samples, signal, wantsChanged: isRead(projects, name) });
    signal.throwIfAborted();
    const costed =
      rows.costs.length === 0
        ? { inserted: 0, revisions: 0, projectRefs: [] }
        : await tx.costs.ingest({ ...input, rows: rows.costs });
    if (rows.cameKeys.length > 0) await tx.costs.noteCame(pullId, rows.cameKeys);
    const quoted =
      rows.quotes.length === 0
        ? { inserted: 0, revisions: 0, changed: [] }
        : await tx.fx.ingest({ ...input, rows: rows.quotes });
    signal.throwIfAborted();

    const dirty = dirtyPeriods(projects, { connector, stream }, sampled.changed);
    if (dirty.length > 0) await tx.dirty.mark(dirty, pullId);
    const touched = new Set(dirty.map(({ projectId }) => projectId));
    if (costed.inserted + costed.revisions > 0)
      for (const id of projectsOfCosts(projects, { connector, stream }, costed.projectRefs)) touched.add(id);
    for (const id of await projectsUsingCurrencies(tx, projects, quoted.changed)) touched.add(id);
    // Costs that were unknown until now are known, even where the answer was that there are none; a backfill leaves them unknown.
    if (backfill === undefined && (await tx.watermarks.get(connector, stream)) === null)
      for (const { id, costSources } of projects)
        if (costSources.some((source) => source.connector === connector && source.stream === stream)) touched.add(id);
    return {
      inserted: sampled.inserted + costed.inserted + quoted.inserted,
      revisions: sampled.revisions + costed.revisions + quoted.revisions,
      repeated: sampled.repeated,
      projects: touched,
    };
  }

  /** In words what was withdrawn; null: nothing. What an attempt went on with that was broken off, it did not bring whole. */
  async #withdraw(
    tx: Repositories,
    { completePrefixes: prefixes }: PullEnd,
    written: Written,
    observedAtMs: number,
  ): Promise<string | null> {
    const { connector, stream, pullId, earlier } = this.#parts;
    if (prefixes.length === 0 || earlier !== null) return null;
    const { revisions, projectRefs, first } = await tx.costs.withdraw({
      connector,
      stream,
      pullId,
      observedAtMs,
      prefixes,
    });
    if (revisions === 0) return null;
    written.revisions += revisions;
    const projects = await tx.projects.list();
    for (const id of projectsOfCosts(projects, { connector, stream }, projectRefs)) written.projects.add(id);
    return `${revisions} cost ${revisions === 1 ? 'line is' : 'lines are'} no longer in what the source delivered anew, and ${revisions === 1 ? 'counts' : 'count'} as 0 from now on (first: ${first})`;
  }

  async #advance(tx: Repositories, { rows, completeToMs }: PullProgress, end: PullEnd | null): Promise<void> {
    const { connector, stream, pullId, advanceToMs } = this.#parts;
    if (advanceToMs === null) return;
    // No row at all proves nothing: what looks complete is asked for again.
    const reachedMs = end?.advances ? advanceToMs : rows > 0 && completeToMs !== null ? completeToMs : null;
    if (reachedMs !== null)
      await tx.watermarks.advance({ connector, stream, watermarkMs: Math.min(reachedMs, advanceToMs), pullId });
  }

  async #goOn(tx: Repositories, stored: PullProgress, written: Written): Promise<StoreOutcome> {
    const { pullId, fence, backfill } = this.#parts;
    const projects = [...written.projects].sort();
    await tx.pulls.progress(pullId, stored, backfill === undefined ? projects : []);
    if (backfill !== undefined) await tx.backfills.touch(fence, backfill.id, projects);
    return { projects, watermarkMs: null };
  }

  /**
   * The pull's row, and a recompute for each project that any part touched. A backfill's chunk has its recomputes kept until the
   * backfill ends; the next chunk's job is written here.
   */
  async #end(tx: Repositories, stored: PullProgress, written: Written, end: PullEnd): Promise<StoreOutcome> {
    const { connector, stream, pullId, jobId, fence, backfill, earlier } = this.#parts;
    const { completeToMs: _, ...counts } = stored;
    const { expected, warnings } = end;
    await tx.pulls.succeed(pullId, { ...counts, expected, warnings: [...warnings] });
    const projects = [...new Set([...written.projects, ...(await tx.pulls.takeTouched(pullId))])].sort();
    if (backfill !== undefined)
      await tx.backfills.finishChunk(fence, {
        ...backfill,
        pullId,
        pages: counts.pages + (earlier?.pages ?? 0),
        rows: counts.rows + (earlier?.rows ?? 0),
        inserted: counts.inserted + (earlier?.inserted ?? 0),
        revisions: counts.revisions + (earlier?.revisions ?? 0),
        warnings: warnings.length,
        projects,
      });
    else
      for (const project of projects)
        await tx.outbox.enqueue({
          kind: 'recompute-roi',
          args: { project },
          cause: `pull ${pullId} of ${connector}/${stream}`,
          parentId: jobId,
        });
    const watermark = await tx.watermarks.get(connector, stream);
    return { projects, watermarkMs: watermark?.watermarkMs ?? null };
  }
}

/** An end of the window is no place to go on from: nothing would be left to ask for. */
function within(window: PullWindow, completeToMs: number | null): number | null {
  return completeToMs !== null && completeToMs > window.fromMs && completeToMs < window.toMs ? completeToMs : null;
}
