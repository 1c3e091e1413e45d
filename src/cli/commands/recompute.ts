import type { Command } from 'commander';
import { isLocalDate, localDateAt, type Project } from '#domain';
import { OutturnError } from '#kit';
import type { App } from '#src/main/app';
import { enqueueAll, runToEnd } from '#src/main/work';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { finishJobs, printQueued } from '../finish-jobs.ts';
import type { Io } from '../io.ts';
import { unknownName } from '../unknown-name.ts';

const TIMEOUT_MS = 10 * 60_000;

/** `outturn recompute`: computes ROI anew and writes the reports that follow. */
export function recompute(program: Command, io: Io): void {
  withCommon(
    program
      .command('recompute')
      .argument('[project...]', 'ids; all when none is given')
      .description('compute ROI anew from what is stored')
      .option('--as-of <date>', 'business date, YYYY-MM-DD, not in the future; today when absent')
      .option('--full', 'read every period anew instead of those that have changed since')
      .option('--enqueue', 'only put the jobs in the queue, for a running worker'),
    ['recompute', 'recompute checkout-rewrite --as-of 2026-09-30', 'recompute --full', 'recompute --enqueue --json'],
  ).action(async (ids: string[], options: CommonOptions & { asOf?: string; full?: boolean; enqueue?: boolean }) => {
    const { asOf } = options;
    if (asOf !== undefined && !isLocalDate(asOf))
      throw new OutturnError('usage', `--as-of takes a date of the calendar like 2026-09-30, not "${asOf}".`);
    const json = options.json === true;
    const work = async (app: App): Promise<void> => {
      const requests = select(await app.store.projects.list(), ids, asOf).map(({ id }) => ({
        kind: 'recompute-roi',
        args: { project: id, ...(asOf === undefined ? {} : { asOf }), ...(options.full ? { full: true } : {}) },
      }));
      if (options.enqueue) return printQueued(io, await enqueueAll(app, requests, 'cli'), json);
      finishJobs(io, await runToEnd(app, requests, { cause: 'cli', timeoutMs: TIMEOUT_MS, signal: io.signal }), json);
    };
    await withApp(io, environmentOf(io, options, { logLevel: 'error' }), work);
  });
}

function select(projects: readonly Project[], ids: readonly string[], asOf: string | undefined): Project[] {
  const known = projects.map((project) => project.id);
  for (const id of ids) if (!known.includes(id)) throw unknownName('project', id, known);
  const chosen = projects.filter((project) => ids.length === 0 || ids.includes(project.id));
  for (const { id, timeZone } of chosen)
    if (asOf !== undefined && asOf > localDateAt(Date.now(), timeZone))
      throw new OutturnError('usage', `--as-of ${asOf} lies in the future of project ${id} (${timeZone}).`, {
        hint: 'What is proven goes to today at most; leave --as-of out for that.',
      });
  return chosen;
}
