import { type FireOutcome, type FireRecord, formatDurationMs, type ScheduleView, type SlotExplanation } from '#kit';
import type { Io } from './io.ts';
import { type Row, table } from './table.ts';

type Look = Pick<Io, 'color' | 'columns'>;
const HOUR_MS = 3_600_000;

/** `12s`, `1h5m`; seconds matter below an hour only. */
function span(ms: number): string {
  const unitMs = ms < HOUR_MS ? 1000 : 60_000;
  return formatDurationMs(Math.round(ms / unitMs) * unitMs);
}

const readable = (local: string): string => local.slice(0, local.search(/[+-]\d{2}:\d{2}$/)).replace('T', ' ');
/** `2026-11-23 08:00` of a slot; one by hand is an instant. */
const slotText = (slot: string): string =>
  slot.endsWith('[manual]')
    ? `${slot.slice(0, 19).replace('T', ' ')}Z`
    : slot.slice(0, slot.indexOf('[')).replace('T', ' ');

function paint(io: Look, outcome: FireOutcome): string {
  if (outcome === 'skipped') return io.color.yellow(outcome);
  return outcome === 'fired' || outcome === 'manual' ? outcome : io.color.cyan(outcome);
}

function paintJob(io: Look, state: FireRecord['jobState']): string | null {
  if (state === 'failed') return io.color.red(state);
  return state === 'succeeded' ? io.color.green(state) : state;
}

/** Every schedule with its next and its last slot. */
export function scheduleTable(io: Look, schedules: readonly ScheduleView[]): string {
  return table(
    io,
    [
      { head: 'schedule', wraps: true },
      { head: 'when', wraps: true },
      { head: 'zone', optional: 2 },
      { head: 'next' },
      { head: 'last' },
      { head: 'outcome' },
      { head: 'its job' },
      { head: 'enqueues', optional: 1 },
    ],
    schedules.map((each): Row => {
      const [next] = each.next;
      return {
        cells: [
          each.id,
          each.inWords ?? each.cron,
          each.timeZone,
          each.paused === null ? (next === undefined ? null : readable(next.local)) : io.color.yellow('paused'),
          each.lastFire === null ? null : slotText(each.lastFire.slot),
          each.lastFire === null ? null : paint(io, each.lastFire.outcome),
          each.lastFire === null ? null : paintJob(io, each.lastFire.jobState),
          each.job.kind,
        ],
        note: note(io, each),
      };
    }),
  );
}

function note(io: Look, { paused, overdue, next }: ScheduleView): string | undefined {
  const notes: string[] = [];
  if (paused !== null) {
    const since = new Date(paused.sinceMs).toISOString().slice(0, 16);
    const until = paused.untilMs === null ? '' : `, runs again on ${next[0]?.local ?? 'no further day'}`;
    notes.push(
      `paused by ${paused.pausedBy} on ${since}Z${paused.reason === null ? '' : `: ${paused.reason}`}${until}`,
    );
  }
  const [oldest] = overdue;
  if (oldest !== undefined)
    notes.push(
      io.color.red(
        `${overdue.length === 1 ? '1 slot is' : `${overdue.length} slots are`} overdue, the oldest of ${slotText(oldest.slot)}`,
      ),
    );
  return notes.length === 0 ? undefined : notes.join(' · ');
}

/** Lines of the ledger; the reason stands below. */
export function fireTable(io: Look, fires: readonly FireRecord[], withSchedule: boolean): string {
  return table(
    io,
    [
      { head: 'slot' },
      ...(withSchedule ? [{ head: 'schedule', wraps: true }] : []),
      { head: 'outcome' },
      { head: 'late', align: 'right' as const },
      { head: 'put off', align: 'right' as const, optional: 2 },
      { head: 'job' },
      { head: 'its state' },
      { head: 'by', optional: 1 },
    ],
    fires.map((fire): Row => {
      const lateMs = fire.firedAtMs - fire.slotAtMs;
      return {
        cells: [
          slotText(fire.slot),
          ...(withSchedule ? [fire.schedule] : []),
          paint(io, fire.outcome),
          lateMs < 1000 ? null : span(lateMs),
          fire.delayMs === 0 ? null : span(fire.delayMs),
          fire.jobId?.slice(0, 8) ?? null,
          paintJob(io, fire.jobState),
          fire.instance,
        ],
        note: fire.reason ?? undefined,
      };
    }),
  );
}

/** The answer of `schedule why`: the slot, then the sentences. */
export function explanation(io: Look, { schedule, slot, atMs, why, hint }: SlotExplanation): string {
  const head = `${io.color.bold(schedule)}  ${slot}  ${io.color.dim(new Date(atMs).toISOString())}`;
  return [head, ...why, ...(hint === null ? [] : ['', `→ ${hint}`])].join('\n');
}
