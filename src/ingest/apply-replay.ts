import {
  type Clock,
  type IngestQuote,
  projectsUsingCurrencies,
  type ReplayScope,
  type Repositories,
  type StagedRow,
  type StagedSample,
  type Store,
} from '#kit';
import { cancelled } from './abort.ts';
import { dirtyPeriods, projectsOfCosts, requireSameUnits } from './affected.ts';
import { type ReplaysParts, ROWS_AT_ONCE } from './replay-parts.ts';

/** In the normal way: as revisions, observed now, with the archived page as evidence. */
export async function applyReplay(
  { store, clock }: ReplaysParts,
  scope: ReplayScope,
  withdraw: boolean,
  signal: AbortSignal,
) {
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
    book(await storeRows(store, clock, scope, { samples: page.samples, others: [] }));
    after = page.after;
  }
  for (let after: string | null = null; ; ) {
    if (signal.aborted) throw cancelled(signal);
    const page: { rows: StagedRow[]; after: string | null } = await store.replays.differingRows(scope, {
      after,
      limit: ROWS_AT_ONCE,
    });
    if (page.after === null) break;
    book(await storeRows(store, clock, scope, { samples: [], others: page.rows }));
    after = page.after;
  }
  while (withdraw) {
    if (signal.aborted) throw cancelled(signal);
    const gone = await store.replays.vanished(scope, ROWS_AT_ONCE);
    if (gone.length === 0) break;
    const samples = gone.map((row): StagedSample => ({ ...row, value: null, status: 'missing' }));
    const { revisions, projects: touched } = await storeRows(store, clock, scope, { samples, others: [] });
    applied.withdrawn += revisions;
    for (const id of touched) projects.add(id);
    // A clock that went back keeps its newer observations; asking again would give the same ones for ever.
    if (revisions === 0) break;
  }
  applied.projects = [...projects].sort();
  return applied;
}

async function storeRows(
  store: Store,
  clock: Clock,
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
