import {
  type ArchivedPageRow,
  asOutturnError,
  type Clock,
  type Config,
  type Extractor,
  type IngestQuote,
  type ObjectStore,
  type PullRow,
  projectsUsingCurrencies,
  type RawPage,
  type Registry,
  type ReplayProblem,
  type ReplayRequest,
  type ReplayResult,
  type ReplayScope,
  type Replays,
  type Repositories,
  type StagedRow,
  type StagedSample,
  type Store,
} from '#kit';
import { cancelled } from './abort.ts';
import { dirtyPeriods, projectsOfCosts, requireSameUnits } from './affected.ts';
import { definitionInForce } from './definition-in-force.ts';
import { readManifest } from './manifest.ts';
import { PulledRows, type RowBatch } from './rows.ts';
import { findTarget, streamVersionOf, type Target } from './target.ts';

export interface ReplaysParts {
  config: Config;
  registry: Registry;
  store: Store;
  objects: ObjectStore;
  extract: Extractor;
  clock: Clock;
  newId(): string;
  redact(text: string): string;
}

const PULLS_AT_ONCE = 50;
const PAGES_AT_ONCE = 100;
const ROWS_AT_ONCE = 5_000;
const MOST_DEFINITIONS = 20;
/** The first and the last instant that a sample may have; wide enough for every window of a pull. */
const EVER = { fromMs: Date.parse('0001-01-01T00:00:00Z'), toMs: Date.parse('9999-12-31T23:59:59Z') };

/**
 * Pulls newest first, pages of each newest first: what is staged first stays, so the newest observation counts, however much the windows
 * overlap. Memory holds one page; all else lies in tables of the store.
 */
export function createReplays(parts: ReplaysParts): Replays {
  const { store, clock } = parts;

  async function stagePulls(
    request: ReplayRequest,
    target: Target,
    replayId: string,
    { signal, progress }: { signal: AbortSignal; progress(pages: number): void },
  ) {
    const found = {
      pulls: 0,
      pages: 0,
      removed: null as ReplayResult['removed'],
      definitions: [] as ReplayResult['definitions'],
      rows: 0,
      problems: [] as ReplayProblem[],
      problemCount: 0,
    };
    const fail = (problem: ReplayProblem): void => {
      found.problemCount++;
      if (found.problems.length < request.limit) found.problems.push(problem);
    };
    const today = streamVersionOf(target);
    const window = { fromMs: request.fromMs ?? EVER.fromMs, toMs: request.toMs ?? EVER.toMs };
    for (let beforeId: string | null = null; ; ) {
      const pulls: PullRow[] = await store.pulls.overlapping(request.connector, request.stream, window, {
        beforeId,
        limit: PULLS_AT_ONCE,
        earlier: request.earlier ?? false,
      });
      for (const pull of pulls) {
        found.pulls++;
        const version = pull.streamVersion;
        const definition = found.definitions.find((each) => each.version === version);
        if (definition !== undefined) definition.pulls++;
        // A stream that is defined anew each day has as many definitions as days: beyond the newest they are one.
        else if (found.definitions.length < MOST_DEFINITIONS)
          found.definitions.push({ version, isToday: version === today, pulls: 1 });
        if (pull.kind !== null && pull.kind !== target.kind.kind) {
          fail({
            pullId: pull.id,
            seq: null,
            sha256: null,
            code: 'config/unknown-kind',
            message: `it was read by the kind ${pull.kind}, the connector is of the kind ${target.kind.kind} now`,
          });
          continue;
        }
        for await (const page of pagesOf(pull.id)) {
          if (signal.aborted) throw cancelled(signal);
          found.pages++;
          progress(found.pages);
          const { removedAtMs } = page;
          if (removedAtMs !== null) {
            found.removed = {
              pages: (found.removed?.pages ?? 0) + 1,
              firstAtMs: Math.min(found.removed?.firstAtMs ?? removedAtMs, removedAtMs),
              lastAtMs: Math.max(found.removed?.lastAtMs ?? removedAtMs, removedAtMs),
            };
            continue;
          }
          try {
            const batch = await parsePage(target, pull, page);
            found.rows += batch.size;
            await stageBatch(replayId, pull.id, page.sha256, batch);
          } catch (thrown) {
            const { code, message } = asOutturnError(thrown);
            if (code.startsWith('storage/') || code === 'internal') throw thrown;
            fail({ pullId: pull.id, seq: page.seq, sha256: page.sha256, code, message: parts.redact(message) });
          }
        }
      }
      const last = pulls.at(-1);
      if (last === undefined) {
        const earlier = await store.pulls.ofEarlierDefinitions(request.connector, request.stream, window);
        return { ...found, earlier };
      }
      beforeId = last.id;
    }
  }

  async function* pagesOf(pullId: string): AsyncGenerator<ArchivedPageRow> {
    for (let beforeSeq: number | null = null; ; ) {
      const pages: ArchivedPageRow[] = await store.pulls.archivedPages(pullId, { beforeSeq, limit: PAGES_AT_ONCE });
      yield* pages;
      const last = pages.at(-1);
      if (last === undefined) return;
      beforeSeq = last.seq;
    }
  }

  async function parsePage(
    { kind, connector, stream }: Target,
    pull: PullRow,
    row: ArchivedPageRow,
  ): Promise<RowBatch> {
    const { contentType, meta } = row.meta === null ? await readManifest(parts.objects, row) : row;
    const page: RawPage = {
      body: (await parts.objects.get(row.objectKey)).toString('utf8'),
      contentType: contentType ?? 'application/json',
      request: { method: row.requestMethod, url: row.requestUrl },
      receivedAtMs: row.receivedAtMs,
      meta: meta ?? {},
    };
    const parsed = await kind.parse(page, {
      options: connector.options,
      stream: stream.options,
      streamId: stream.id,
      extract: parts.extract,
    });
    const rows = new PulledRows(parts.redact);
    // As young as they were when the page came.
    rows.add(parsed, row.sha256, pull.startedAtMs - stream.finalAfterMs);
    return rows.take();
  }

  async function stageBatch(replayId: string, pullId: string, pageHash: string, batch: RowBatch): Promise<void> {
    const costs = batch.costs.map(({ pageHash: _, ...body }): StagedRow => {
      return { kind: 'cost', key: body.sourceKey, body, pullId, pageHash };
    });
    const rates = batch.quotes.map(({ pageHash: _, ...body }): StagedRow => {
      return { kind: 'rate', key: `${body.base} ${body.quote} ${body.date}`, body, pullId, pageHash };
    });
    const others = [...costs, ...rates];
    for (let at = 0; at < Math.max(batch.samples.length, others.length); at += ROWS_AT_ONCE)
      await store.replays.stage(replayId, {
        samples: batch.samples.slice(at, at + ROWS_AT_ONCE).map((row) => ({ ...row, pullId })),
        others: others.slice(at, at + ROWS_AT_ONCE),
      });
    await store.replays.stagePage(replayId, { pullId, pageHash });
  }

  /** In the normal way: as revisions, observed now, with the archived page as evidence. */
  async function apply(scope: ReplayScope, withdraw: boolean, signal: AbortSignal) {
    const applied = { inserted: 0, revisions: 0, withdrawn: 0, projects: [] as string[] };
    const projects = new Set<string>();
    const book = (stored: Stored): void => {
      applied.inserted += stored.inserted;
      applied.revisions += stored.revisions;
      for (const id of stored.projects) projects.add(id);
    };
    for (let after: string | null = null; ; ) {
      if (signal.aborted) throw cancelled(signal);
      const page: { samples: StagedSample[]; after: string | null } = await store.replays.differing(scope, {
        after,
        limit: ROWS_AT_ONCE,
      });
      if (page.after === null) break;
      book(await storeRows(scope, { samples: page.samples, others: [] }));
      after = page.after;
    }
    for (let after: string | null = null; ; ) {
      if (signal.aborted) throw cancelled(signal);
      const page: { rows: StagedRow[]; after: string | null } = await store.replays.differingRows(scope, {
        after,
        limit: ROWS_AT_ONCE,
      });
      if (page.after === null) break;
      book(await storeRows(scope, { samples: [], others: page.rows }));
      after = page.after;
    }
    while (withdraw) {
      if (signal.aborted) throw cancelled(signal);
      const gone = await store.replays.vanished(scope, ROWS_AT_ONCE);
      if (gone.length === 0) break;
      const samples = gone.map((row): StagedSample => ({ ...row, value: null, status: 'missing' }));
      const { revisions, projects: touched } = await storeRows(scope, { samples, others: [] });
      applied.withdrawn += revisions;
      for (const id of touched) projects.add(id);
      // A clock that went back keeps its newer observations; asking again would give the same ones for ever.
      if (revisions === 0) break;
    }
    applied.projects = [...projects].sort();
    return applied;
  }

  async function storeRows(
    { connector, stream, replayId }: ReplayScope,
    rows: { samples: readonly StagedSample[]; others: readonly StagedRow[] },
  ): Promise<Stored> {
    return await store.transaction(
      async (tx) => {
        await tx.lock(`pull:${connector}/${stream}`);
        await tx.lockShared('projects');
        const stored: Stored = { inserted: 0, revisions: 0, projects: [] };
        const touched = new Set<string>();
        for (const pullId of new Set([...rows.samples, ...rows.others].map((row) => row.pullId))) {
          const batch = {
            samples: rows.samples.filter((row) => row.pullId === pullId),
            others: rows.others.filter((row) => row.pullId === pullId),
          };
          const input = { connector, stream, pullId, observedAtMs: clock.nowMs() };
          const { inserted, revisions } = await ingestAll(tx, input, batch, touched);
          stored.inserted += inserted;
          stored.revisions += revisions;
        }
        stored.projects = [...touched].sort();
        const cause = `replay ${replayId.split(' ')[1] ?? replayId} of ${connector}/${stream}`;
        for (const project of stored.projects)
          await tx.outbox.enqueue({ kind: 'recompute-roi', args: { project }, cause });
        return stored;
      },
      { records: true },
    );
  }

  return {
    async replay(request, context) {
      const target = findTarget(parts, request);
      const { connector, stream, fromMs, toMs, pullId } = request;
      const notInForce = await definitionInForce(store.connectors, target, request);
      // Its time first, so that what a dead process left can be told.
      const replayId = `${new Date().toISOString()} ${parts.newId()}`;
      const scope = { replayId, connector, stream, fromMs, toMs, pullId };
      try {
        const read = await stagePulls(request, target, replayId, context);
        const counts = await store.replays.counts(scope);
        const changes = await store.replays.changes(scope, request.limit);
        const applied = request.apply ? await apply(scope, request.withdraw, context.signal) : null;
        return {
          connector,
          stream,
          fromMs,
          toMs,
          notInForce,
          ...read,
          counts,
          changes,
          applied,
        } satisfies ReplayResult;
      } finally {
        await store.replays.clear(replayId);
      }
    },
  };
}

interface Stored {
  inserted: number;
  revisions: number;
  projects: string[];
}

async function ingestAll(
  tx: Repositories,
  input: { connector: string; stream: string; pullId: string; observedAtMs: number },
  { samples, others }: { samples: readonly StagedSample[]; others: readonly StagedRow[] },
  touched: Set<string>,
): Promise<{ inserted: number; revisions: number }> {
  const projects = await tx.projects.list();
  requireSameUnits(projects, input, samples);
  const sampled = await tx.measurements.ingest({ ...input, rows: samples });
  const dirty = dirtyPeriods(projects, input, sampled.changed);
  if (dirty.length > 0) await tx.dirty.mark(dirty, input.pullId);
  for (const { projectId } of dirty) touched.add(projectId);
  const costs = others.flatMap(({ body, pageHash }) => ('sourceKey' in body ? [{ ...body, pageHash }] : []));
  const costed = await tx.costs.ingest({ ...input, rows: costs });
  if (costed.inserted + costed.revisions > 0)
    for (const id of projectsOfCosts(projects, input, costed.projectRefs)) touched.add(id);
  const rates = others.flatMap(({ body, pageHash }): IngestQuote[] => ('rate' in body ? [{ ...body, pageHash }] : []));
  const quoted = await tx.fx.ingest({ ...input, rows: rates });
  for (const id of await projectsUsingCurrencies(tx, projects, quoted.changed)) touched.add(id);
  return {
    inserted: sampled.inserted + costed.inserted + quoted.inserted,
    revisions: sampled.revisions + costed.revisions + quoted.revisions,
  };
}
