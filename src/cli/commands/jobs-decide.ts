import type { Command } from 'commander';
import { type DeadLetterAdmin, type DeadLetterRow, OutturnError, type ReplayPlan, type Store } from '#kit';
import { deadLetterView, jobView } from '#src/main/job-view';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { aboutJob, plural } from '../job-words.ts';
import { findJob, kindNames, withStore } from '../look-up.ts';
import { person } from '../person.ts';
import { age, sinceOption } from '../times.ts';
import { requireWord } from '../unknown-name.ts';
import { findDeadLetter } from './jobs-dead.ts';

/** More than anybody reads before saying yes. */
const MOST = 1_000;

/** `outturn jobs cancel|replay|discard`. */
export function decisions(group: Command, io: Io): void {
  cancel(group, io);
  replay(group, io);
  discard(group, io);
}

function cancel(group: Command, io: Io): void {
  withCommon(
    group
      .command('cancel')
      .argument('<id...>', 'jobs that wait or run; the beginning of an id is enough')
      .description('stop jobs, wherever they run; they are not tried again')
      .option('--reason <text>', 'kept with the job'),
    ['jobs cancel 0d6f3a21', 'jobs cancel 0d6f3a21 4be1c7f0 --reason "wrong window"'],
  ).action(async (ids: string[], options: CommonOptions & { reason?: string }) => {
    await withApp(
      io,
      environmentOf(io, options, { logLevel: 'error' }),
      async ({ store, queue }) => {
        const rows = [];
        // All are known before the first is touched.
        for (const id of ids) rows.push(await findJob(store, id));
        const runtime = await queue();
        const results = [];
        for (const row of rows) {
          const outcome = await runtime.cancel(row.id);
          if (outcome === 'cancelled') await store.outbox.explainCancel(row.id, because(person(), options.reason));
          results.push({ outcome, job: (await store.outbox.get(row.id)) ?? row });
        }
        io.setExitCode(results.every(({ outcome }) => outcome === 'cancelled') ? 0 : 1);
        if (options.json)
          return printJson(io, { jobs: results.map(({ outcome, job }) => ({ outcome, ...jobView(job) })) });
        for (const { outcome, job } of results) {
          const name = `${job.kind} ${await aboutJob(store, job)} ${io.color.dim(job.id.slice(0, 8))}`;
          if (outcome === 'cancelled') io.out(`${io.color.green('✓')} ${name} cancelled`);
          else io.out(`${io.color.yellow('–')} ${name} had ended before: ${job.state}`);
        }
      },
      { reads: true },
    );
  });
}

const because = (by: string, reason: string | undefined): string => (reason === undefined ? by : `${by}: ${reason}`);

interface ReplayOptions extends CommonOptions {
  kind?: string;
  code?: string;
  since?: string;
  all?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  force?: boolean;
}

interface Planned {
  letter: DeadLetterRow;
  plan: ReplayPlan;
}

function replay(group: Command, io: Io): void {
  withCommon(
    group
      .command('replay')
      .argument('[id...]', 'jobs that failed for good; the beginning of an id is enough')
      .description('have failed jobs run again, after a look at what that would do')
      .option('--all', 'every failed job that wants a decision')
      .option('--kind <kind>', 'those of one kind')
      .option('--code <code>', 'those of one error code, such as source/timeout')
      .option('--since <time>', 'those that failed since then: 2h, 7d, 2026-11-23')
      .option('--dry-run', 'only tell what it would do')
      .option('--yes', 'do it without asking')
      .option('--force', 'also what is not needed any more'),
    [
      'jobs replay 0d6f3a21 --dry-run',
      'jobs replay 0d6f3a21 --yes',
      'jobs replay --code source/unreachable --since 1d',
      'jobs replay --all --dry-run --json',
    ],
  ).action(async (ids: string[], options: ReplayOptions) => {
    const select = selection(ids, options);
    if (!options.dryRun && !options.yes && (options.json || io.ask === null))
      throw new OutturnError('usage', 'Nobody can be asked here whether the plan is right.', {
        hint: 'Give --dry-run to see the plan, or --yes to carry it out.',
      });
    await withApp(
      io,
      environmentOf(io, options, { logLevel: 'error' }),
      async (app) => {
        const { createDeadLetterAdmin } = await import('#src/main/dead-letters');
        const { jobKinds } = await import('#src/main/registry');
        const admin = createDeadLetterAdmin(app.ports, jobKinds);
        const planned: Planned[] = [];
        for (const letter of await select(app.store)) planned.push({ letter, plan: await admin.plan(letter) });
        if (!options.json) await printPlans(io, app.store, planned);
        const chosen = planned.filter(
          ({ plan }) => plan.verdict === 'replay' || (options.force && plan.verdict === 'not-needed'),
        );
        const replayed = options.dryRun ? [] : await carryOut(io, admin, chosen, options);
        if (options.json)
          printJson(io, {
            dryRun: options.dryRun === true,
            replayed,
            jobs: planned.map(({ letter, plan }) => ({ ...deadLetterView(letter), replay: plan })),
          });
        // Whoever named jobs wants to know that one of them was not put back.
        const isIncomplete = ids.length > 0 && !options.dryRun && replayed.length < planned.length;
        io.setExitCode(isIncomplete ? 1 : 0);
      },
      { reads: true, applies: options.dryRun !== true },
    );
  });
}

function selection(ids: readonly string[], options: ReplayOptions): (store: Store) => Promise<DeadLetterRow[]> {
  const kind = options.kind === undefined ? undefined : requireWord('job kind', options.kind, kindNames);
  const sinceMs = sinceOption(options.since, Date.now());
  const hasFilter = options.all === true || kind !== undefined || options.code !== undefined || sinceMs !== undefined;
  if (ids.length > 0 && hasFilter)
    throw new OutturnError('usage', 'Ids do not go together with --all, --kind, --code or --since.', {
      hint: 'Name jobs, or choose them by the options.',
    });
  if (ids.length === 0 && !hasFilter)
    throw new OutturnError('usage', 'Name the jobs to replay, or choose them by --all, --kind, --code or --since.', {
      hint: '`outturn jobs dead` lists them.',
    });
  return async (store) => {
    if (ids.length === 0)
      return store.deadLetters.search({ state: 'open', kind, code: options.code, sinceMs, limit: MOST });
    const letters = new Map<string, DeadLetterRow>();
    for (const id of ids) {
      const letter = await findDeadLetter(store, id);
      letters.set(letter.id, letter);
    }
    return [...letters.values()];
  };
}

async function printPlans(io: Io, store: Store, planned: readonly Planned[]): Promise<void> {
  if (planned.length === 0) io.out('No failed job matches.');
  const { color } = io;
  const marks = { done: color.green('✓ done'), 'to-do': color.cyan('• to do'), unknown: color.yellow('? unknown') };
  for (const { letter, plan } of planned) {
    const about = await aboutJob(store, letter);
    io.out(
      `${color.bold([letter.kind, about].filter((word) => word !== '').join(' '))} ${color.dim(letter.jobId.slice(0, 8))}, failed ${age(Date.now() - letter.lastFailedAtMs)} ago`,
    );
    io.out(`  ${color.red(letter.errorCode)}: ${letter.errorMessage}`);
    if (plan.verdict === 'impossible') io.out(`  ${color.red('✗ cannot be replayed.')} ${plan.reason}`);
    else if (plan.verdict === 'not-needed') io.out(`  ${color.yellow('– not needed any more.')} ${plan.reason}`);
    else io.out(`  ${color.green('↻ can be replayed.')}`);
    if (plan.upgraded !== null)
      io.out(`    arguments of version ${plan.upgraded.from} are brought to version ${plan.upgraded.to}`);
    if (plan.problem !== null) io.out(`    ${color.yellow('?')} what it would do cannot be told: ${plan.problem}`);
    for (const { effect, state, detail } of plan.effects ?? [])
      io.out(`    ${marks[state]}  ${effect}${detail === null ? '' : color.dim(` – ${detail}`)}`);
  }
}

/** The ids of the jobs that were put back. */
async function carryOut(
  io: Io,
  admin: DeadLetterAdmin,
  chosen: readonly Planned[],
  options: ReplayOptions,
): Promise<string[]> {
  if (chosen.length === 0) {
    if (!options.json) io.out('Nothing is replayed.');
    return [];
  }
  if (!options.yes) {
    const answer = (await io.ask?.(`Replay ${plural(chosen.length, 'job')}? [y/N] `)) ?? '';
    if (!/^y(es)?$/i.test(answer.trim())) {
      io.out('Nothing is replayed.');
      return [];
    }
  }
  const replayed: string[] = [];
  for (const { letter } of chosen) if (await admin.replay(letter.jobId, person())) replayed.push(letter.jobId);
  if (!options.json)
    io.out(
      `${io.color.green('✓')} ${plural(replayed.length, 'job')} put back to the first try.\n→ \`outturn jobs\` shows what becomes of them; a worker must run.`,
    );
  return replayed;
}

function discard(group: Command, io: Io): void {
  withCommon(
    group
      .command('discard')
      .argument('<id...>', 'jobs that failed for good; the beginning of an id is enough')
      .description('give failed jobs up: they are not listed as open any more')
      .requiredOption('--reason <text>', 'why, for who looks at it later'),
    ['jobs discard 0d6f3a21 --reason "the source is gone"'],
  ).action(async (ids: string[], options: CommonOptions & { reason: string }) => {
    if (options.reason.trim() === '') throw new OutturnError('usage', '--reason must say something.');
    await withStore(io, options, async (store) => {
      const letters = [];
      for (const id of ids) letters.push(await findDeadLetter(store, id));
      const results = [];
      for (const letter of letters)
        results.push({ letter, isDone: await store.deadLetters.discard(letter.jobId, person(), options.reason) });
      io.setExitCode(results.every(({ isDone }) => isDone) ? 0 : 1);
      if (options.json)
        return printJson(io, {
          jobs: await Promise.all(
            results.map(async ({ letter, isDone }) => ({
              isDiscarded: isDone,
              ...deadLetterView((await store.deadLetters.find(letter.id, 1))[0] ?? letter),
            })),
          ),
        });
      for (const { letter, isDone } of results) {
        const name = `${letter.kind} ${await aboutJob(store, letter)} ${io.color.dim(letter.jobId.slice(0, 8))}`;
        io.out(
          isDone
            ? `${io.color.green('✓')} ${name} discarded`
            : `${io.color.yellow('–')} ${name} is ${letter.state}: nothing to discard`,
        );
      }
    });
  });
}
