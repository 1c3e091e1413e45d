import type { BackfillPlan, BackfillRow } from '#kit';
import { formatDurationMs } from '#kit';
import { type BackfillView, backfillView } from '#src/main/backfill-view';
import type { Io } from './io.ts';
import { plural } from './job-words.ts';
import { type Row, table } from './table.ts';
import { age } from './times.ts';
import { windowInstant } from './window-options.ts';

/** More are counted, not listed. */
const SHOWN_CHUNKS = 24;

export const windowWords = ({ fromMs, toMs }: { fromMs: number; toMs: number }): string =>
  `${windowInstant(fromMs)}…${windowInstant(toMs)}`;
export const shortId = (row: { id: string }): string => row.id.slice(0, 8);

export function paintBackfill(io: Pick<Io, 'color'>, state: BackfillRow['state']): string {
  if (state === 'failed') return io.color.red(state);
  if (state === 'done') return io.color.green(state);
  return state === 'running' ? io.color.cyan(state) : io.color.yellow(state);
}

/** `9 chunks · 1,416 rows · 1,400 new · 16 corrected · 2 warnings`. */
export function broughtWords({ progress }: BackfillView): string {
  const counted = (count: number, what: string): string[] => (count === 0 ? [] : [`${plural(count, what)}`]);
  const of = progress.done === progress.total ? '' : ` of ${progress.total}`;
  return [
    progress.done === progress.total ? plural(progress.total, 'chunk') : `${progress.done}${of} chunks`,
    plural(progress.rows, 'row'),
    `${progress.inserted.toLocaleString('en-GB')} new`,
    ...(progress.revisions === 0 ? [] : [`${progress.revisions.toLocaleString('en-GB')} corrected`]),
    ...counted(progress.warnings, 'warning'),
  ].join(' · ');
}

/** What a bar says beside itself: rate, time left, and trouble. */
export function paceWords({ progress, current }: BackfillView): string {
  const words = [
    plural(progress.rows, 'row'),
    ...(progress.rowsPerMinute === null ? [] : [`${progress.rowsPerMinute.toLocaleString('en-GB')}/min`]),
    ...(progress.remainingSeconds === null ? [] : [`about ${age(progress.remainingSeconds * 1000)} left`]),
  ];
  if (current?.error != null && current.jobState !== 'failed')
    words.push(`chunk ${current.seq} is tried again: ${current.error.code}`);
  return words.join(', ');
}

/** How a backfill ended, or stands, in a line and what to do about it. */
export function printBackfill(io: Io, row: BackfillRow): void {
  const view = backfillView(row, Date.now());
  const mark = { done: io.color.green('✓'), failed: io.color.red('✗'), cancelled: io.color.yellow('–'), running: '…' };
  const name = `${io.color.bold(`${row.connector}.${row.stream}`)} ${windowWords(row)} ${io.color.dim(shortId(row))}`;
  io.out(`${mark[row.state]} ${name} ${row.state === 'cancelled' ? 'cancelled: ' : ''}${broughtWords(view)}`);
  const { current } = row;
  if (row.state !== 'failed' || current === null) return;
  io.out(
    `  chunk ${current.seq} (${windowWords(current)}): ${io.color.red(current.errorCode ?? 'internal')}: ${current.errorMessage ?? ''}`,
  );
  io.out(`→ \`outturn backfill resume ${shortId(row)}\` goes on from there.`);
}

export function printPlan(io: Io, plan: BackfillPlan): void {
  const { chunks, requests } = plan;
  io.out(
    `${io.color.bold(`${plan.connector}.${plan.stream}`)} ${windowWords(plan)}: ${plural(chunks.length, 'chunk')} of ${formatDurationMs(plan.chunkMs)}`,
  );
  const hasCosts = chunks.some((chunk) => chunk.costs > 0);
  const rows = chunks.slice(0, SHOWN_CHUNKS).map((chunk, index): Row => {
    const stored = chunk.samples + chunk.costs;
    return {
      cells: [
        String(index + 1),
        windowInstant(chunk.fromMs),
        windowInstant(chunk.toMs),
        chunk.requests === null ? '?' : chunk.requests.toLocaleString('en-GB'),
        stored === 0 ? 'nothing' : storedWords(chunk, hasCosts),
        chunk.isPulled ? 'all of it' : 'no',
      ],
    };
  });
  io.out(
    table(
      io,
      [
        { head: 'chunk', align: 'right' },
        { head: 'from' },
        { head: 'to' },
        { head: 'requests', align: 'right' },
        { head: 'stored already' },
        { head: 'pulled before' },
      ],
      rows,
    ),
  );
  if (chunks.length > SHOWN_CHUNKS)
    io.out(io.color.dim(`and ${plural(chunks.length - SHOWN_CHUNKS, 'more chunk')}; --json lists all`));
  io.out(`${requests.isLeast ? 'At least ' : ''}${plural(requests.count, 'request')}; ${budgetWords(requests)}.`);
  for (const warning of plan.warnings) io.out(`${io.color.yellow('!')} ${warning}`);
}

const storedWords = ({ samples, costs }: { samples: number; costs: number }, hasCosts: boolean): string =>
  [
    ...(samples > 0 || !hasCosts ? [plural(samples, 'sample')] : []),
    ...(costs > 0 ? [plural(costs, 'cost line')] : []),
  ].join(', ');

function budgetWords({ perMinute, perDay, durationMs }: BackfillPlan['requests']): string {
  const limits = [
    ...(perMinute === null ? [] : [`${perMinute.toLocaleString('en-GB')} a minute`]),
    ...(perDay === null ? [] : [`${perDay.toLocaleString('en-GB')} a day`]),
  ].join(' and ');
  if (durationMs === null) return 'the account has no limit of requests';
  const time = durationMs === 0 ? 'less than a minute' : `${age(durationMs)} or more`;
  return `at ${limits}, shared with the live pulls, that takes ${time}`;
}
