import { NOT_APPLIED_HINT, type OutboxRow } from '#kit';
import { type JobView, jobView } from '#src/main/job-view';
import { isRetrying, type WorkResult } from '#src/main/work';
import { type Io, printJson } from './io.ts';
import { failure, outcome, subject } from './job-words.ts';

/** The jobs that were only put in the queue. */
export function printQueued(io: Io, rows: OutboxRow[], json: boolean): void {
  if (json) return printJson(io, { jobs: rows.map(jobView) });
  for (const job of rows.map(jobView))
    io.out(`${io.color.dim('…')} ${io.color.bold(subject(job))} ${io.color.dim(job.id.slice(0, 8))} queued`);
  io.out(rows.length === 0 ? 'Nothing to do.' : '→ `outturn jobs` shows what becomes of them; a worker must run.');
}

/** What became of the jobs that a command asked for, and of those that followed; exit status 1 when one did not succeed. */
export function finishJobs(io: Io, { jobs, followUps }: WorkResult, json: boolean): void {
  const failed = [...jobs, ...followUps].filter(isUndone);
  io.setExitCode(failed.length === 0 ? 0 : 1);
  if (json) return printJson(io, { jobs: jobs.map(jobView) });
  for (const row of jobs) {
    const job = jobView(row);
    const name = `${io.color.bold(subject(job))} ${io.color.dim(job.id.slice(0, 8))}`;
    if (isUndone(row)) io.out(`${io.color.red('✗')} ${name} ${job.error === null ? outcome(job) : failure(io, job)}`);
    else io.out(`${io.color.green('✓')} ${name} ${outcome(job)}`);
  }
  if (jobs.length === 0) io.out('Nothing to do.');
  for (const row of followUps.filter(isUndone)) {
    const job: JobView = jobView(row);
    io.out(
      `${io.color.red('✗')} then ${[job.kind, subject(job)].filter((word) => word !== '').join(' ')} ${io.color.dim(job.id.slice(0, 8))} ${failure(io, job)}`,
    );
  }
  if (failed.some(({ errorCode }) => errorCode === 'config/not-applied')) io.out(`→ ${NOT_APPLIED_HINT}`);
  if (failed.some(isRetrying))
    io.out('→ It stays in the queue and is tried again while a worker runs: `outturn up` or `outturn worker`.');
  else if (failed.length > 0) io.out(`→ \`outturn jobs ${failed[0]?.id.slice(0, 8)}\` shows more.`);
}

const isUndone = (row: OutboxRow): boolean => row.state !== 'succeeded' && row.state !== 'collapsed';
