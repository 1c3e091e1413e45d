import type { Command } from 'commander';
import { OutturnError, PermanentError } from '#kit';
import { openApp } from '#src/main/app';
import { jobView } from '#src/main/job-view';
import { enqueueAll, runHere } from '#src/main/work';
import { type CommonOptions, environmentOf, withCommon } from '../command.ts';
import { finishJobs } from '../finish-jobs.ts';
import type { Io } from '../io.ts';

const TIMEOUT_MS = 10 * 60_000;

/** `outturn recompute`: computes ROI anew and writes the reports that follow. */
export function recompute(program: Command, io: Io): void {
  withCommon(
    program
      .command('recompute')
      .argument('[project...]', 'ids; all when none is given')
      .description('compute ROI anew from what is stored')
      .option('--as-of <date>', 'business date, YYYY-MM-DD; today when absent')
      .option('--enqueue', 'only put the jobs in the queue, for a running worker'),
    ['recompute', 'recompute checkout-rewrite --as-of 2026-09-30'],
  ).action(async (ids: string[], options: CommonOptions & { asOf?: string; enqueue?: boolean }) => {
    if (options.asOf !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(options.asOf))
      throw new OutturnError('usage', `--as-of takes a date like 2026-09-30, not "${options.asOf}".`);
    const app = await openApp(environmentOf(io, options));
    try {
      const known = app.config.projects.map((project) => project.id);
      const unknown = ids.filter((id) => !known.includes(id));
      if (unknown.length > 0)
        throw new PermanentError(
          'config/unknown-reference',
          `There is no project ${unknown.map((id) => `"${id}"`).join(', ')}.`,
          { hint: `Known: ${known.join(', ') || 'none'}.` },
        );
      const requests = (ids.length === 0 ? known : ids).map((project) => ({
        kind: 'recompute-roi',
        args: { project, ...(options.asOf === undefined ? {} : { asOf: options.asOf }) },
      }));
      const rows = options.enqueue
        ? await enqueueAll(app, requests, 'cli')
        : await runHere(app, requests, { cause: 'cli', timeoutMs: TIMEOUT_MS, signal: io.signal });
      finishJobs(io, rows.map(jobView), {
        json: options.json === true,
        enqueued: options.enqueue === true,
        describe: (job) => String((job.args as { project: string }).project),
      });
    } finally {
      await app.close();
    }
  });
}
