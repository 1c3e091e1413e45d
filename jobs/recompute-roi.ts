import { z } from 'zod';
import { computeRoi, engineVersion, inputsHash, isLocalDate, localDateAt } from '#domain';
import { defineJob, loadRoiInput, PermanentError, type PlannedEffect, type Repositories } from '#kit';

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
  dedupeKey: ({ project, asOf }) => (asOf === undefined ? project : `${project}@${asOf}`),
  async preview({ project: id, asOf: wanted }, ports) {
    const project = ports.config.projects.find((candidate) => candidate.id === id);
    if (!project) return [];
    const today = localDateAt(ports.clock.nowMs(), project.timeZone);
    const asOf = wanted ?? today;
    return ports.store.transaction(
      async (repositories): Promise<PlannedEffect[]> => {
        const input = await loadRoiInput(ports, repositories, project, { asOf, today });
        const hash = inputsHash(input);
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
      },
      { oneInstant: true },
    );
  },
  async run({ project: id, asOf: wanted }, { jobId, ports, signal, progress }) {
    const project = ports.config.projects.find((candidate) => candidate.id === id);
    if (!project)
      throw new PermanentError('not-found', `Project ${id} is not in the configuration`, {
        hint: `Known projects: ${ports.config.projects.map((known) => known.id).join(', ') || 'none'}.`,
      });
    const knownAtMs = ports.clock.nowMs();
    const today = localDateAt(knownAtMs, project.timeZone);
    const asOf = wanted ?? today;
    // A snapshot of a day to come would count as the newest until that day.
    if (asOf > today)
      throw new PermanentError('queue/invalid-arguments', `asOf: ${asOf} is to come, today is ${today}`);
    const recompute = async (repositories: Repositories) => {
      await repositories.lock(`project:${id}`);
      // What is marked meanwhile belongs to the recompute that the marking pull asks for.
      const dirty = wanted === undefined ? await repositories.dirty.take(id) : [];
      const input = await loadRoiInput(ports, repositories, project, { asOf, today });
      signal.throwIfAborted();
      progress(1, 2);
      const { snapshot, created } = await repositories.snapshots.save({
        id: ports.newId(),
        projectId: id,
        asOf,
        knownAtMs,
        engineVersion,
        inputsHash: inputsHash(input),
        outputs: computeRoi(input),
      });
      const report = { kind: 'build-report', args: { project: id, snapshotId: snapshot.id } };
      if (created) await repositories.outbox.enqueue({ ...report, cause: `recompute-roi ${id}`, parentId: jobId });
      progress(2, 2);
      const { outputs } = snapshot;
      return { snapshotId: snapshot.id, created, asOf, dirty: dirty.length, warnings: outputs.warnings.length };
    };
    // Of one instant: numerator and denominator must not come from before and after the same pull.
    return ports.store.transaction(recompute, { oneInstant: true });
  },
});
