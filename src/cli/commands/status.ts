import type { Command } from 'commander';
import { deadLetterView, jobView } from '#src/main/job-view';
import type { Status } from '#src/main/status';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { aboutJob, plural } from '../job-words.ts';
import { age, instantWords } from '../times.ts';

/** `outturn status`: one glance at what runs, waits, is late or failed. */
export function status(program: Command, io: Io): void {
  withCommon(
    program.command('status').description('one glance: what runs, waits, is late, failed, is paused or missing'),
    ['status', 'status --json', '$ outturn status > /dev/null || echo "somebody should look"'],
  ).action((options: CommonOptions) =>
    withApp(
      io,
      environmentOf(io, options, { logLevel: 'error' }),
      async (app) => {
        const { readStatus } = await import('#src/main/status');
        const found = await readStatus(app);
        io.setExitCode(found.needsAPerson ? 1 : 0);
        if (options.json) return printJson(io, document(found));
        const subjects = new Map<string, string>();
        for (const row of found.running) subjects.set(row.id, await aboutJob(app.store, row));
        for (const row of found.failed) subjects.set(row.jobId, await aboutJob(app.store, row));
        for (const line of lines(io, found, subjects)) io.out(line);
      },
      { reads: true },
    ),
  );
}

function document({
  atMs,
  running,
  failed,
  lateStreams,
  jobs,
  pausedSchedules,
  missing,
  blockedAccounts,
  ...rest
}: Status): object {
  const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const { oldestDueAtMs, ...counts } = jobs;
  return {
    at: instant(atMs),
    ...rest,
    jobs: { ...counts, oldestDueAt: instant(oldestDueAtMs) },
    running: running.map(jobView),
    lateStreams: lateStreams.map(({ watermarkMs, ...stream }) => ({ ...stream, watermark: instant(watermarkMs) })),
    failed: failed.map(deadLetterView),
    pausedSchedules: pausedSchedules.map(({ schedule, sinceMs, untilMs, pausedBy, reason }) => ({
      schedule,
      since: instant(sinceMs),
      until: instant(untilMs),
      pausedBy,
      reason,
    })),
    blockedAccounts: blockedAccounts.map(({ account, untilMs, reason }) => ({
      account,
      until: instant(untilMs),
      reason,
    })),
    missing: missing.map(({ kind, message, command, sinceMs, count }) => ({
      kind,
      message,
      command,
      since: instant(sinceMs),
      count,
    })),
  };
}

const WIDTH = 9;

/** One aspect a line, and below it what it consists of. */
function lines(io: Io, found: Status, subjects: ReadonlyMap<string, string>): string[] {
  const { color } = io;
  const { atMs, jobs } = found;
  const good = color.green('✓');
  const look = color.yellow('!');
  const bad = color.red('✗');
  const line = (mark: string, name: string, text: string): string => `${mark} ${name.padEnd(WIDTH)} ${text}`;
  const more = (text: string): string => `  ${' '.repeat(WIDTH)} ${text}`;
  const out: string[] = [];

  out.push(line(good, 'running', jobs.running === 0 ? 'nothing' : plural(jobs.running, 'job')));
  for (const row of found.running) {
    const progress = row.progress === null ? '' : `, ${row.progress.done} of ${row.progress.total}`;
    const since = row.startedAtMs === null ? '' : ` for ${age(atMs - row.startedAtMs)}`;
    out.push(more(`${row.kind} ${subjects.get(row.id) ?? ''} ${color.dim(row.id.slice(0, 8))}${since}${progress}`));
  }

  const waiting = [
    jobs.waiting === 0 ? 'nothing' : plural(jobs.waiting, 'job'),
    ...(jobs.oldestDueAtMs === null ? [] : [`the oldest for ${age(atMs - jobs.oldestDueAtMs)}`]),
    ...(jobs.retrying === 0 ? [] : [`${jobs.retrying} to be tried again`]),
    ...(jobs.later === 0 ? [] : [`${jobs.later} for later`]),
  ];
  out.push(line(jobs.overdue > 0 ? look : good, 'waiting', waiting.join(', ')));
  if (jobs.overdue > 0) out.push(more(`${plural(jobs.overdue, 'job')} should have begun: \`outturn jobs --late\``));
  if (found.queueProblem !== null) out.push(line(bad, 'queue', found.queueProblem));

  if (found.lateStreams.length === 0) out.push(line(good, 'streams', 'none is late'));
  else {
    out.push(line(look, 'streams', `${found.lateStreams.length} late`));
    for (const { connector, stream, watermarkMs } of found.lateStreams)
      out.push(
        more(
          `${connector}.${stream} ${watermarkMs === null ? 'was never pulled' : `is known up to ${instantWords(watermarkMs)} (${age(atMs - watermarkMs)} ago)`}`,
        ),
      );
  }

  const open = found.openDeadLetters;
  out.push(
    line(
      open > 0 ? bad : good,
      'failed',
      open === 0
        ? 'nothing wants a decision'
        : `${plural(open, 'job')} want${open === 1 ? 's' : ''} a decision: \`outturn jobs dead\``,
    ),
  );
  for (const row of found.failed) {
    const state = row.state === 'open' ? color.red(row.errorCode) : color.dim(`${row.errorCode}, ${row.state} since`);
    out.push(
      more(
        `${row.kind} ${subjects.get(row.jobId) ?? ''} ${color.dim(row.jobId.slice(0, 8))} ${age(atMs - row.lastFailedAtMs)} ago: ${state}`,
      ),
    );
    if (row.state === 'open') out.push(more(`  ${row.errorMessage}`));
  }
  const unknown = found.unknownDeliveries;
  if (unknown > 0)
    out.push(
      line(
        look,
        'messages',
        `of ${unknown} nobody knows whether ${unknown === 1 ? 'it' : 'they'} arrived: \`outturn deliveries --state unknown\``,
      ),
    );

  for (const pause of found.pausedSchedules) {
    const until = pause.untilMs === null ? 'until it is resumed' : `until ${instantWords(pause.untilMs)}`;
    out.push(
      line(
        look,
        'paused',
        `schedule ${pause.schedule} by ${pause.pausedBy} ${until}${pause.reason === null ? '' : `: ${pause.reason}`}`,
      ),
    );
  }
  if (found.pausedQueues !== null && found.pausedQueues.length > 0)
    out.push(line(look, 'paused', `queue ${found.pausedQueues.join(', ')}: \`outturn queue resume\``));

  if (found.unapplied.length > 0)
    out.push(
      line(
        look,
        'projects',
        `${plural(found.unapplied.length, 'project')} ${found.unapplied.length === 1 ? 'differs' : 'differ'} from the configuration: \`outturn plan\``,
      ),
    );
  for (const { account, untilMs, reason } of found.blockedAccounts)
    out.push(
      line(look, 'blocked', `account ${account} until ${instantWords(untilMs)}${reason === null ? '' : `: ${reason}`}`),
    );
  if (found.missing.length === 0) out.push(line(good, 'missing', 'nothing'));
  for (const { message, command } of found.missing) {
    out.push(line(bad, 'missing', message));
    out.push(more(`→ \`${command}\``));
  }
  return out;
}
