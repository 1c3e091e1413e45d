import { type IngestResult, type JobFence, type PullPageRow, projectsUsingCurrencies, type Store } from '#kit';
import { dirtyPeriods, projectsOfCosts } from './affected.ts';
import type { PulledRows } from './rows.ts';

export interface StoreInput {
  connector: string;
  stream: string;
  pullId: string;
  jobId: string;
  fence: JobFence;
  /** The chunk of a backfill that this is. */
  backfill: { id: string; seq: number } | undefined;
  /** When the source was asked. */
  observedAtMs: number;
  /** Null: the watermark stays. */
  advanceToMs: number | null;
  expected: number | null;
  rows: PulledRows;
  pages: readonly PullPageRow[];
}
export interface StoreOutcome {
  inserted: number;
  revisions: number;
  projects: string[];
  watermarkMs: number | null;
}

const NOTHING: Pick<IngestResult, 'inserted' | 'revisions' | 'changed'> = { inserted: 0, revisions: 0, changed: [] };

/**
 * All of a pull in one transaction: rows, watermark, dirty periods, the pull's row and a recompute for each project that
 * it touches. Either all of it is there afterwards or none. A backfill's chunk leaves the watermark, and has its recomputes
 * kept until the backfill ends; the next chunk's job is written here.
 */
export async function storePull(store: Store, input: StoreInput): Promise<StoreOutcome> {
  const { connector, stream, pullId, rows } = input;
  const { samples, costs } = rows;
  return await store.transaction(
    async (repositories) => {
      await repositories.lock(`pull:${connector}/${stream}`);
      // Whoever defines a metric waits for this or is waited for: no sample is stored that its readings are not told of.
      await repositories.lockShared('projects');
      const projects = await repositories.projects.list();
      for (const page of input.pages) await repositories.pulls.addPage(page);
      const ingested =
        samples.length === 0
          ? NOTHING
          : await repositories.measurements.ingest({
              connector,
              stream,
              pullId,
              observedAtMs: input.observedAtMs,
              rows: samples,
            });
      const costed =
        costs.length === 0
          ? { inserted: 0, revisions: 0, unchanged: 0, projectRefs: [] }
          : await repositories.costs.ingest({
              connector,
              stream,
              pullId,
              observedAtMs: input.observedAtMs,
              rows: costs,
            });
      const quoted =
        rows.quotes.length === 0
          ? { inserted: 0, revisions: 0, changed: [] }
          : await repositories.fx.ingest({
              connector,
              stream,
              pullId,
              observedAtMs: input.observedAtMs,
              rows: rows.quotes,
            });
      const inserted = ingested.inserted + costed.inserted + quoted.inserted;
      const revisions = ingested.revisions + costed.revisions + quoted.revisions;

      const dirty = dirtyPeriods(projects, { connector, stream }, ingested.changed);
      if (dirty.length > 0) await repositories.dirty.mark(dirty, pullId);
      const affected = new Set(dirty.map(({ projectId }) => projectId));
      if (costed.inserted + costed.revisions > 0)
        for (const id of projectsOfCosts(projects, { connector, stream }, costed.projectRefs)) affected.add(id);
      for (const id of await projectsUsingCurrencies(repositories, projects, quoted.changed)) affected.add(id);

      // Costs that were unknown until now are known, even where the answer was that there are none; a backfill leaves them unknown.
      if (input.backfill === undefined && (await repositories.watermarks.get(connector, stream)) === null)
        for (const { id, costSources } of projects)
          if (costSources.some((source) => source.connector === connector && source.stream === stream))
            affected.add(id);

      if (input.advanceToMs !== null)
        await repositories.watermarks.advance({ connector, stream, watermarkMs: input.advanceToMs, pullId });
      await repositories.pulls.succeed(pullId, {
        pages: input.pages.length,
        rows: rows.size,
        inserted,
        revisions,
        expected: input.expected,
        warnings: rows.warnings,
      });
      const projectIds = [...affected].sort();
      if (input.backfill !== undefined)
        await repositories.backfills.finishChunk(input.fence, {
          ...input.backfill,
          pullId,
          pages: input.pages.length,
          rows: rows.size,
          inserted,
          revisions,
          warnings: rows.warnings.length,
          projects: projectIds,
        });
      else
        for (const project of projectIds)
          await repositories.outbox.enqueue({
            kind: 'recompute-roi',
            args: { project },
            cause: `pull ${pullId} of ${connector}/${stream}`,
            parentId: input.jobId,
          });
      const watermark = await repositories.watermarks.get(connector, stream);
      return { inserted, revisions, projects: projectIds, watermarkMs: watermark?.watermarkMs ?? null };
    },
    { fence: input.fence, records: true },
  );
}
