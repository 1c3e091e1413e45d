import { z } from 'zod';
import { buildDigestFacts } from '#domain';
import { defineJob, PermanentError, type ReportFormat } from '#kit';

const args = z.strictObject({ project: z.string().min(1), snapshotId: z.string().min(1) });

const formats: readonly ReportFormat[] = ['html', 'csv'];

/** Writes the reports of one snapshot under their content hash; what is there already is left alone. */
export const buildReport = defineJob({
  kind: 'build-report',
  version: 1,
  queue: 'report',
  args,
  attempts: 5,
  backoff: { baseMs: 2_000, capMs: 120_000 },
  timeoutMs: 120_000,
  dedupeKey: ({ project, snapshotId }) => `${project}/${snapshotId}`,
  async preview({ snapshotId }, { store }) {
    return Promise.all(
      formats.map(async (format) => {
        const report = await store.reports.find(snapshotId, format);
        const effect = `${format.toUpperCase()} report of snapshot ${snapshotId.slice(0, 8)}`;
        return report === null
          ? { effect, state: 'to-do', detail: null }
          : { effect, state: 'done', detail: `it is there and stays: ${report.location}` };
      }),
    );
  },
  async run({ project: projectId, snapshotId }, { signal, ports, progress }) {
    const { store, objects, reports, newId } = ports;
    const snapshot = await store.snapshots.get(snapshotId);
    const project = await store.projects.get(projectId);
    if (snapshot === null || project === null || snapshot.projectId !== projectId)
      throw new PermanentError('not-found', `No snapshot ${snapshotId} of project ${projectId} to report on`);
    // Compared with the one before it by business date: a past date that somebody asked for lately is not "before".
    const history = await store.snapshots.history(projectId, 50);
    const [before = null] = history
      .filter(({ asOf, createdAtMs }) => createdAtMs < snapshot.createdAtMs && asOf <= snapshot.asOf)
      .sort((a, b) => b.asOf.localeCompare(a.asOf) || b.createdAtMs - a.createdAtMs);
    const facts = buildDigestFacts({
      project,
      snapshot,
      previous: before === null ? null : { date: before.asOf, outputs: before.outputs },
      reader: { locale: 'en-GB', timeZone: project.timeZone },
      // Judged at the snapshot's own time: the same snapshot gives the same bytes, whenever the report is built.
      nowMs: snapshot.knownAtMs,
      links: [],
      why: `This report was made from snapshot ${snapshot.id}.`,
    });
    const written = [];
    for (const [index, format] of formats.entries()) {
      signal.throwIfAborted();
      const known = await store.reports.find(snapshotId, format);
      const row = known ?? (await write(format));
      written.push({ format, location: row.location, bytes: row.bytes });
      progress(index + 1, formats.length);
    }
    return { reports: written };

    async function write(format: ReportFormat) {
      const { outputs, engineVersion, inputsHash, knownAtMs, versions } = snapshot!;
      const origin = { engineVersion, inputsHash, knownAtMs, versions };
      const { body, contentType } = await reports.render({ facts, outputs, origin }, format, { signal });
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', body)).toString('hex');
      const object = await objects.put(`reports/${projectId}/${digest}.${format}`, body, contentType);
      const { key: objectKey, location, sha256, bytes } = object;
      return store.reports.record({ id: newId(), projectId, snapshotId, format, objectKey, location, sha256, bytes });
    }
  },
});
