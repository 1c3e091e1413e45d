import type { App } from './app.ts';
import { isStream, type MissingWorkFinding } from './missing-work.ts';

export interface Mended {
  finding: MissingWorkFinding;
  /** The job that was asked for; null where none was needed. */
  jobId: string | null;
}

/** Asks for what is missing, as far as that is harmless to repeat; a hole that was closed meanwhile stays closed. */
export async function mendMissingWork(
  app: App,
  findings: readonly MissingWorkFinding[],
  cause: string,
): Promise<Mended[]> {
  const mended: Mended[] = [];
  for (const finding of findings) {
    if (!finding.isMendable) continue;
    const jobId = await mend(app, finding, cause);
    mended.push({ finding, jobId });
  }
  return mended;
}

async function mend(app: App, { kind, about, sinceMs }: MissingWorkFinding, cause: string): Promise<string | null> {
  const { store, config } = app;
  const enqueue = async (job: string, args: Record<string, unknown>): Promise<string> =>
    (await store.outbox.enqueue({ kind: job, args, cause })).id;
  switch (kind) {
    case 'recompute':
      return enqueue('recompute-roi', { project: about['project'] });
    case 'delivery':
      return enqueue('deliver-message', { deliveryId: about['deliveryId'] });
    case 'report':
      return enqueue('build-report', { project: about['project'], snapshotId: about['snapshotId'] });
    case 'deliveries': {
      const isTest = about['test'] === 'true';
      const slot = isTest ? about['slot']?.replace(/^test\//, '') : about['slot'];
      return enqueue('send-digest', { subscription: about['subscription'], slot, ...(isTest ? { test: true } : {}) });
    }
    case 'fired-job': {
      const { schedule = '', slot = '' } = about;
      const job = config.schedules.find(({ id }) => id === schedule)?.job;
      if (job === undefined) return null;
      // A digest is told its slot, as when the schedule fires.
      const slotArgs = job.kind === 'send-digest' ? { slot: new Date(sinceMs).toISOString() } : {};
      return store.transaction(async (tx) => {
        const row = await tx.outbox.enqueue({ kind: job.kind, args: { ...job.args, ...slotArgs }, cause });
        await tx.fires.attachJob(schedule, slot, row.id);
        return row.id;
      });
    }
    case 'pull': {
      const { pullId = '', connector = '', stream = '' } = about;
      const pull = await store.pulls.get(pullId);
      const stays =
        pull === null || pull.rows === 0 ? 'nothing of it was stored' : `the ${pull.rows} rows that it had stored stay`;
      const errorMessage = `The process that ran this pull ended before the pull did; ${stays}.`;
      await store.pulls.fail(pullId, { errorCode: 'queue/interrupted', errorMessage, pages: pull?.pages ?? 0 });
      return isStream(config, connector, stream) ? enqueue('pull', { connector, stream }) : null;
    }
    case 'queued-job':
      await (await app.queue()).rebuild();
      return null;
    case 'fire':
    case 'publication':
      return null;
  }
}
