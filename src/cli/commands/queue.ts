import type { Command } from 'commander';
import { type QueueName, queueNames } from '#kit';
import type { App } from '#src/main/app';
import { type CommonOptions, environmentOf, withApp, withCommon, withExamples } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { plural } from '../job-words.ts';
import { table } from '../table.ts';
import { age, instantWords } from '../times.ts';
import { requireWord } from '../unknown-name.ts';

const LATE_MS = 2 * 60_000;
const DRAIN_LIMIT_MS = 30 * 86_400_000;

/** `outturn queue status|pause|resume|rebuild|drain`. */
export function queue(program: Command, io: Io): void {
  const group = withExamples(
    program.command('queue').description('look at the queue, pause it, rebuild it, drain it'),
    ['queue status', 'queue pause pull', 'queue rebuild'],
  );
  status(group, io);
  switches(group, io);
  rebuild(group, io);
  drain(group, io);
}

const withQueue = (io: Io, options: CommonOptions, work: (app: App) => Promise<void>): Promise<void> =>
  withApp(io, environmentOf(io, options, { logLevel: 'error' }), work, { reads: true });

function status(group: Command, io: Io): void {
  withCommon(group.command('status').description('how many jobs wait, run and are put off, and since when'), [
    'queue status',
    'queue status --json',
  ]).action((options: CommonOptions) =>
    withQueue(io, options, async (app) => {
      const runtime = await app.queue();
      const nowMs = app.ports.clock.nowMs();
      const [health, summary] = await Promise.all([runtime.health(), app.store.jobs.summary(nowMs - LATE_MS)]);
      const { backend, target, counts } = health;
      if (options.json) return printJson(io, { backend, target, queues: counts, jobs: summary });
      io.out(`${backend === 'redis' ? 'Redis' : 'PostgreSQL'} at ${target}`);
      io.out('');
      io.out(
        table(
          io,
          [
            { head: 'queue' },
            { head: 'waiting', align: 'right' },
            { head: 'running', align: 'right' },
            { head: 'put off', align: 'right' },
            { head: '' },
          ],
          queueNames.map((name) => {
            const { waiting, active, delayed, paused } = counts[name];
            return [name, String(waiting), String(active), String(delayed), paused ? io.color.yellow('paused') : ''];
          }),
        ),
      );
      io.out('');
      const { oldestDueAtMs, overdue, retrying, later } = summary;
      if (oldestDueAtMs !== null)
        io.out(`The oldest that is due waits since ${instantWords(oldestDueAtMs)} (${age(nowMs - oldestDueAtMs)}).`);
      else io.out('Nothing that is due waits.');
      if (retrying > 0) io.out(`${plural(retrying, 'job')} failed and will be tried again.`);
      if (later > 0) io.out(`${plural(later, 'job')} begin${later === 1 ? 's' : ''} at a later time.`);
      if (overdue > 0)
        io.out(
          `${io.color.yellow('!')} ${plural(overdue, 'job')} should have begun: \`outturn jobs --late\` lists them.`,
        );
    }),
  );
}

function switches(group: Command, io: Io): void {
  const commands = [
    { name: 'pause', description: 'let no worker of the fleet begin further jobs; what runs goes on', done: 'paused' },
    { name: 'resume', description: 'let workers begin jobs again', done: 'goes on' },
  ] as const;
  for (const { name, description, done } of commands)
    withCommon(
      group
        .command(name)
        .argument('[queue...]', `${queueNames.join(', ')}; all when none is named`)
        .description(description),
      [`queue ${name}`, `queue ${name} pull backfill`],
    ).action(async (names: string[], options: CommonOptions) => {
      const chosen: QueueName[] = names.map((each) => requireWord('queue', each, queueNames));
      await withQueue(io, options, async (app) => {
        const runtime = await app.queue();
        await runtime[name](chosen.length === 0 ? undefined : chosen);
        const counts = await runtime.counts();
        if (options.json) return printJson(io, { queues: counts });
        for (const each of chosen.length === 0 ? queueNames : chosen)
          io.out(`${io.color.green('✓')} ${each} ${done}, ${plural(counts[each].waiting, 'job')} waiting`);
        if (name === 'pause') io.out('→ It stays so over restarts, until `outturn queue resume`.');
      });
    });
}

function rebuild(group: Command, io: Io): void {
  withCommon(
    group.command('rebuild').description('put every job that has not ended into the queue again, after it was wiped'),
    ['queue rebuild', 'queue rebuild --json'],
  ).action((options: CommonOptions) =>
    withQueue(io, options, async (app) => {
      const { republished } = await (await app.queue()).rebuild();
      if (options.json) return printJson(io, { republished });
      io.out(
        republished === 0
          ? 'No job is open: there is nothing to put into the queue.'
          : `${io.color.green('✓')} ${plural(republished, 'job')} put into the queue again.\n→ What a worker runs at this moment is not done twice: its older run can no longer commit.`,
      );
    }),
  );
}

function drain(group: Command, io: Io): void {
  withCommon(group.command('drain').description('wait until nothing is due and nothing runs in the whole fleet'), [
    'queue drain',
    '$ outturn queue drain && systemctl stop outturn-worker',
  ]).action((options: CommonOptions) =>
    withQueue(io, options, async (app) => {
      const runtime = await app.queue();
      await runtime.drained({ timeoutMs: DRAIN_LIMIT_MS, signal: io.signal });
      if (options.json) return printJson(io, { drained: true });
      io.out(`${io.color.green('✓')} Nothing is due and nothing runs.`);
    }),
  );
}
