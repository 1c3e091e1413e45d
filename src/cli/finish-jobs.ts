import type { JobView } from '#src/main/job-view';
import { type Io, printJson } from './io.ts';

/** Prints what became of the jobs that a command asked for; exit status 1 when one failed. */
export function finishJobs(
  io: Io,
  jobs: JobView[],
  options: { json: boolean; enqueued: boolean; describe(job: JobView): string },
): void {
  const failed = jobs.filter((job) => job.state === 'failed' || job.state === 'cancelled');
  io.setExitCode(failed.length === 0 ? 0 : 1);
  if (options.json) return printJson(io, { jobs });
  for (const job of jobs) {
    const mark = failed.includes(job) ? io.color.red('✗') : options.enqueued ? io.color.dim('…') : io.color.green('✓');
    io.out(
      `${mark} ${io.color.bold(options.describe(job))} ${io.color.dim(job.id.slice(0, 8))} ${options.enqueued ? 'queued' : describeResult(job)}`,
    );
  }
  if (jobs.length === 0) io.out('Nothing to do.');
}

function describeResult(job: JobView): string {
  if (job.error !== null) return `${job.error.code}: ${job.error.message}`;
  if (job.state === 'collapsed') return 'done by another job of the same work';
  const result = (job.result ?? {}) as Record<string, unknown>;
  return Object.entries(result)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key} ${value}`)
    .join(' · ');
}
