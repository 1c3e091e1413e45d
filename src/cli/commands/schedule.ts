import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { type Config, fireOutcomes, OutturnError, type ScheduleAdmin, type ScheduleConfig } from '#kit';
import type { App } from '#src/main/app';
import { type CommonOptions, environmentOf, withApp, withCommon, withExamples } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { explanation, fireTable, scheduleTable } from '../schedule-words.ts';
import { requireWord, unknownName } from '../unknown-name.ts';

/** `outturn schedule list|fires|why|run|pause|resume`: what runs when, what ran, and why something did not. */
export function schedule(program: Command, io: Io): void {
  const description = 'see what runs when and why something did not run; run, pause or resume it';
  const group = withExamples(program.command('schedule').description(description), [
    'schedule list',
    'schedule fires digest:checkout-weekly',
    'schedule why digest:checkout-weekly 2026-11-23T08:00',
    'schedule pause pull:sap.project-costs --until 2h --reason "SAP is being upgraded"',
  ]);
  list(group, io);
  fires(group, io);
  why(group, io);
  run(group, io);
  pause(group, io);
  resume(group, io);
}

const ID = 'id of the schedule: its own, pull:<connector>.<stream> or digest:<subscription>';

/** Opens the app with what schedules need; an unknown id is refused before anything is opened. */
async function withSchedules(
  io: Io,
  options: CommonOptions,
  id: string | null,
  work: (admin: ScheduleAdmin, app: App) => Promise<void>,
): Promise<void> {
  const check = (config: Config): void => {
    if (id !== null) requireSchedule(config, id);
  };
  const open = async (app: App): Promise<void> => {
    const { scheduleAdmin } = await import('#src/main/schedules');
    await work(scheduleAdmin(app), app);
  };
  await withApp(io, environmentOf(io, options), open, { reads: true, check });
}

function requireSchedule(config: Config, id: string): ScheduleConfig {
  const found = config.schedules.find((each) => each.id === id);
  if (found !== undefined) return found;
  throw unknownName(
    'schedule',
    id,
    config.schedules.map((each) => each.id),
  );
}

function list(group: Command, io: Io): void {
  withCommon(
    group.command('list').description('every schedule with its next and last run; what is overdue or paused'),
    ['schedule list', 'schedule list --json'],
  ).action((options: CommonOptions) =>
    withSchedules(io, options, null, async (admin) => {
      const { scheduleView } = await import('#src/main/schedules');
      const [all, scheduler] = await Promise.all([admin.list(), admin.lastScheduler()]);
      if (options.json) return printJson(io, all.map(scheduleView));
      if (all.length === 0)
        return io.out(
          'There is no schedule. A connector, a subscription or the section schedules may have one: docs/schedules.md.',
        );
      io.out(scheduleTable(io, all));
      if (scheduler?.isRunning) return;
      const last =
        scheduler === null ? '' : ` The last one, ${scheduler.instance}, was seen on ${utc(scheduler.seenAtMs)}.`;
      io.out(`\n→ No scheduler is running.${last} \`outturn up\` or \`outturn scheduler\` starts one.`);
    }),
  );
}

function fires(group: Command, io: Io): void {
  withCommon(
    group
      .command('fires')
      .argument('[id]', ID)
      .description('the ledger: what became of each slot and why, newest first')
      .option('--slot <text>', 'slots that begin so, such as 2026-11-23')
      .option('--outcome <outcome>', fireOutcomes.join(', '))
      .option('--limit <n>', 'at most so many', '20'),
    ['schedule fires', 'schedule fires pull:sap.project-costs --outcome skipped', 'schedule fires --slot 2026-11-23'],
  ).action((id: string | undefined, options: CommonOptions & { slot?: string; outcome?: string; limit: string }) => {
    const outcome = options.outcome === undefined ? undefined : requireWord('outcome', options.outcome, fireOutcomes);
    const limit = Number(options.limit);
    if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
      throw new OutturnError('usage', `--limit takes a whole number from 1 to 10000, not "${options.limit}".`);
    return withSchedules(io, options, null, async (admin) => {
      const { fireView } = await import('#src/main/schedules');
      const rows = await admin.fires({ schedule: id, slot: options.slot, outcome, limit });
      if (options.json) return printJson(io, rows.map(fireView));
      if (rows.length > 0) return io.out(fireTable(io, rows, id === undefined));
      const isFiltered = options.slot !== undefined || outcome !== undefined;
      io.out(
        isFiltered
          ? 'No line of the ledger matches.'
          : 'Nothing has fired yet; `outturn schedule list` tells what is next.',
      );
    });
  });
}

function why(group: Command, io: Io): void {
  withCommon(
    group
      .command('why')
      .argument('<id>', ID)
      .argument('<time>', 'a local time of the schedule, an instant, or a slot as `schedule fires` shows it')
      .description('why a slot ran late, was skipped or is not in the ledger at all'),
    ['schedule why digest:checkout-weekly 2026-11-23T08:00', 'schedule why pull:sap.project-costs 2026-11-23T07:15Z'],
  ).action((id: string, time: string, options: CommonOptions) =>
    withSchedules(io, options, id, async (admin) => {
      const { explanationView } = await import('#src/main/schedules');
      const answer = await admin.explain(id, time);
      if (options.json) return printJson(io, explanationView(answer));
      io.out(explanation(io, answer));
    }),
  );
}

function run(group: Command, io: Io): void {
  withCommon(
    group.command('run').argument('<id>', ID).description('enqueue its job now, whatever its times and pauses'),
    ['schedule run pull:sap.project-costs'],
  ).action((id: string, options: CommonOptions) =>
    withSchedules(io, options, id, async (admin) => {
      const jobId = await admin.run(id, whoami());
      if (options.json) return printJson(io, { schedule: id, job: { id: jobId } });
      io.out(
        `enqueued ${jobId}; a running worker takes it: \`outturn jobs ${jobId.slice(0, 8)}\` shows what becomes of it`,
      );
    }),
  );
}

function pause(group: Command, io: Io): void {
  withCommon(
    group
      .command('pause')
      .argument('<id>', ID)
      .description('enqueue nothing until it is resumed; what falls into the pause is not caught up')
      .option(
        '--until <time>',
        'resume by itself: a duration (2h), a date or local time of the schedule, or an instant',
      )
      .option('--reason <text>', 'why; stands with each slot that is skipped'),
    [
      'schedule pause pull:sap.project-costs --until 2h --reason "SAP is being upgraded"',
      'schedule pause digest:checkout-weekly --until 2027-01-04',
    ],
  ).action((id: string, options: CommonOptions & { until?: string; reason?: string }) =>
    withSchedules(io, options, id, async (admin, app) => {
      const { localText, pauseView, readUntil } = await import('#src/main/schedules');
      const { timeZone } = requireSchedule(app.config, id);
      const untilMs = options.until === undefined ? null : readUntil(options.until, timeZone, Date.now());
      const reason = options.reason?.trim() || null;
      const { pause: made, nextAtMs } = await admin.pause(id, { by: whoami(), reason, untilMs });
      const next = nextAtMs === null ? null : localText(nextAtMs, timeZone);
      if (options.json) return printJson(io, { id, paused: pauseView(made), next });
      io.out(
        next === null
          ? `${id} is paused until somebody resumes it: outturn schedule resume ${id}`
          : `${id} is paused until ${localText(made.untilMs ?? 0, timeZone)}; it runs next on ${next}`,
      );
    }),
  );
}

function resume(group: Command, io: Io): void {
  withCommon(
    group.command('resume').argument('<id>', ID).description('end a pause; what fell into it is not caught up'),
    ['schedule resume pull:sap.project-costs'],
  ).action((id: string, options: CommonOptions) =>
    withSchedules(io, options, id, async (admin) => {
      const wasPaused = await admin.resume(id, whoami());
      const next = (await admin.list()).find((each) => each.id === id)?.next[0]?.local ?? null;
      if (options.json) return printJson(io, { id, wasPaused, next });
      const then = next === null ? 'it has no further times' : `it runs next on ${next}`;
      io.out(`${id} ${wasPaused ? 'goes on' : 'was not paused'}; ${then}`);
    }),
  );
}

const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;

/** Who stands in the ledger. A container's user may have no name. */
function whoami(): string {
  try {
    return userInfo().username;
  } catch {
    return 'an operator';
  }
}
