import { z } from 'zod';
import { engineVersion, inputsHash, isLocalDate } from '#domain';
import { defineJob, definitionNow, loadRoiInput, type PlannedEffect, type Repositories, recompute } from '#kit';

const args = z.strictObject({
  project: z
    .string()
    .min(1)
    .meta({ description: 'Id of the project', examples: ['checkout-rewrite'] }),
  asOf: z
    .string()
    .refine(isLocalDate, 'expected a date of the calendar, YYYY-MM-DD')
    .optional()
    .meta({ description: 'Business date; default today in the project’s time zone', examples: ['2026-06-30'] }),
  full: z
    .boolean()
    .optional()
    .meta({ description: 'Read every period anew instead of those that have changed since the last recompute' }),
});

/** Recomputes one project's figures into an immutable snapshot; a report is built only when the snapshot is new. */
export const recomputeRoi = defineJob({
  kind: 'recompute-roi',
  version: 1,
  queue: 'compute',
  args,
  attempts: 5,
  backoff: { baseMs: 2_000, capMs: 120_000 },
  timeoutMs: 300_000,
  dedupeKey: ({ project, asOf, full }) =>
    [project, ...(asOf === undefined ? [] : [asOf]), ...(full ? ['full'] : [])].join('@'),
  async preview({ project: id, asOf: wanted }, ports) {
    const look = async (repositories: Repositories): Promise<PlannedEffect[]> => {
      const { defined, today } = await definitionNow(repositories, ports.clock, id);
      const asOf = wanted ?? today;
      const hash = inputsHash(await loadRoiInput(ports, repositories, defined, { asOf, today }));
      const same = (await repositories.snapshots.history(id, 50)).find(
        (row) => row.inputsHash === hash && row.asOf === asOf && row.engineVersion === engineVersion,
      );
      const dirty = (await repositories.dirty.list()).filter(({ projectId }) => projectId === id).length;
      const detail = same && `the same inputs gave ${same.id.slice(0, 8)}: nothing new comes of it`;
      return [
        { effect: `snapshot of ${id} as of ${asOf}`, state: same ? 'done' : 'to-do', detail: detail ?? null },
        ...(dirty === 0 || wanted !== undefined
          ? []
          : [{ effect: `${dirty} changed periods are taken into account`, state: 'to-do', detail: null } as const]),
      ];
    };
    return ports.store.transaction(look, { oneInstant: true });
  },
  async run({ project: id, asOf, full = false }, { jobId, ports, signal, progress }) {
    const work = async (repositories: Repositories) => {
      const request = { projectId: id, asOf, full, signal, progress };
      const { snapshot, created, ...facts } = await recompute(ports, repositories, request);
      const report = { kind: 'build-report', args: { project: id, snapshotId: snapshot.id } };
      if (created) await repositories.outbox.enqueue({ ...report, cause: `recompute-roi ${id}`, parentId: jobId });
      const portfolio = (await repositories.projects.get(id))?.portfolio ?? null;
      if (created && portfolio !== null && asOf === undefined)
        await repositories.outbox.enqueue({
          kind: 'recompute-portfolio',
          args: { portfolio },
          cause: `recompute-roi ${id}`,
          parentId: jobId,
        });
      const { asOf: date, outputs } = snapshot;
      return { snapshotId: snapshot.id, created, asOf: date, ...facts, warnings: outputs.warnings.length };
    };
    // Of one instant: numerator and denominator must not come from before and after the same pull. Settled: the snapshot says by
    // when its inputs were known, and must be found again by it.
    return ports.store.transaction(work, { oneInstant: true, settled: true });
  },
});
