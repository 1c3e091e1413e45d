import {
  type Clock,
  type FireRecord,
  formatDurationMs,
  type ScheduleConfig,
  type ScheduleVersionRow,
  type SlotExplanation,
  type Store,
} from '#kit';
import { LATE_AFTER_MS } from './judge.ts';
import { MAX_MISSED_SLOTS } from './ledger.ts';
import { localText, readSlot } from './local-text.ts';
import { describePause, minute, pauseAt, pauseEndMs } from './pauses.ts';
import { GONE_AFTER_MS } from './scheduler.ts';
import { createSlotCalculator, type Slot, type SlotCalculator } from './slots.ts';

const HOUR_MS = 3_600_000;
/** In which the time before is looked for: the shortest that has one. */
const WINDOWS_MS = [HOUR_MS, 24 * HOUR_MS, 40 * 24 * HOUR_MS, 400 * 24 * HOUR_MS];

interface Context {
  store: Store;
  clock: Clock;
}
type Answer = Pick<SlotExplanation, 'answer' | 'why'> & { hint?: string };

/** Why a slot ran, was skipped, or is not in the ledger at all. */
export async function explainSlot(context: Context, config: ScheduleConfig, when: string): Promise<SlotExplanation> {
  const { store } = context;
  const calculator = createSlotCalculator(config.cron, config.timeZone);
  const slot = readSlot(when, calculator);
  // A local time may have been a slot of another zone, before that was changed.
  const asked = when.includes('[') ? when.trim() : `${slot.key.slice(0, slot.key.indexOf('['))}[`;
  const rows = await store.fires.list({ schedule: config.id, slot: asked, limit: 10 });
  const fire = rows.find((row) => row.slot === slot.key) ?? rows[0];
  if (fire !== undefined)
    return {
      schedule: config.id,
      slot: fire.slot,
      atMs: fire.slotAtMs,
      answer: 'recorded',
      why: recorded(fire),
      fire,
      hint: null,
    };
  const { hint = null, ...answer } = await unrecorded(context, config, calculator, slot);
  return { schedule: config.id, slot: slot.key, atMs: slot.atMs, fire: null, hint, ...answer };
}

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const words: Record<FireRecord['outcome'], string> = {
  fired: 'It fired',
  late: 'It fired late',
  skipped: 'It was skipped',
  'caught-up': 'It was caught up',
  manual: 'It was fired by hand',
};

function recorded(fire: FireRecord): string[] {
  const afterMs = fire.firedAtMs - fire.slotAtMs;
  const after = afterMs < 1000 ? 'at its time' : `${about(afterMs)} after its time`;
  const sentences = [`${words[fire.outcome]}${fire.reason === null ? '' : `: ${fire.reason}`}.`];
  sentences.push(
    fire.outcome === 'manual'
      ? `${fire.instance} did so at ${new Date(fire.firedAtMs).toISOString()}.`
      : `${fire.instance} settled it ${after}, at ${new Date(fire.firedAtMs).toISOString()}.`,
  );
  if (fire.delayMs > 0)
    sentences.push(
      `Its job was put off by ${about(fire.delayMs)}, as maxRandomDelay asks: not all are to begin at once.`,
    );
  if (fire.jobId !== null)
    sentences.push(
      fire.jobState === null
        ? `Its job ${fire.jobId} is not kept any more.`
        : `Its job ${fire.jobId} is ${fire.jobState} now.`,
    );
  return sentences;
}

/** `3h12m`, to the second below an hour, to the minute above. */
export const about = (ms: number): string => {
  const unitMs = ms < HOUR_MS ? 1000 : 60_000;
  return formatDurationMs(Math.round(ms / unitMs) * unitMs);
};

async function unrecorded(
  { store, clock }: Context,
  config: ScheduleConfig,
  calculator: SlotCalculator,
  slot: Slot,
): Promise<Answer> {
  const nowMs = clock.nowMs();
  const pauses = await store.schedules.pauses({ schedule: config.id });
  const pause = pauseAt(pauses, slot.atMs);
  if (slot.atMs > nowMs) {
    if (!calculator.has(slot)) return notASlot(config, calculator, slot);
    const why = [`It is to come, in ${about(slot.atMs - nowMs)}.`];
    if (pause === null) return { answer: 'to-come', why };
    why.push(`The schedule is ${describePause(pause)}. The slot will be skipped unless somebody resumes it before.`);
    return { answer: 'to-come', why, hint: `outturn schedule resume ${config.id}` };
  }
  const versions = await store.schedules.versions(config.id);
  const version = versions.find((row) => row.sinceMs < slot.atMs && slot.atMs <= (row.untilMs ?? nowMs));
  if (version === undefined)
    return calculator.has(slot) ? unknownThen(versions, slot) : notASlot(config, calculator, slot);
  const then = createSlotCalculator(version.cron, version.timeZone);
  const slotThen = then.slotAt(slot.atMs);
  if (!then.has(slotThen)) return notASlot(version, then, slot);
  if (pause !== null)
    return {
      answer: 'paused',
      why: [
        `The schedule was ${describePause(pause)}.`,
        Number.isFinite(pauseEndMs(pause)) ? `The pause ended on ${minute(pauseEndMs(pause))}.` : 'It still is.',
        'What falls into a pause is never caught up.',
      ],
    };
  if (nowMs - slot.atMs <= LATE_AFTER_MS)
    return { answer: 'due', why: ['Its time has just come: a scheduler that runs settles it within seconds.'] };
  if (then.between(slot.atMs, nowMs, MAX_MISSED_SLOTS + 1).length > MAX_MISSED_SLOTS)
    return {
      answer: 'too-many-missed',
      why: [
        `It is older than the newest ${MAX_MISSED_SLOTS} slots, and of a longer standstill only those are recorded.`,
      ],
    };
  return await overdue(store, nowMs, slot);
}

function notASlot(
  times: Pick<ScheduleVersionRow, 'cron' | 'timeZone'>,
  calculator: SlotCalculator,
  slot: Slot,
): Answer {
  const [next] = calculator.next(slot.atMs, 1);
  let before: Slot | undefined;
  for (const windowMs of WINDOWS_MS) before ??= calculator.between(slot.atMs - windowMs, slot.atMs - 1, 1)[0];
  const around = [
    ...(before === undefined ? [] : [`the one before is ${localText(before.atMs, times.timeZone)}`]),
    ...(next === undefined ? [] : [`the next one ${localText(next.atMs, times.timeZone)}`]),
  ];
  return {
    answer: 'not-a-slot',
    why: [
      `It is no time of the schedule: ${times.cron} in ${times.timeZone}.`,
      ...(around.length === 0 ? [] : [`${upperFirst(around.join(', '))}.`]),
    ],
  };
}

function unknownThen(versions: readonly ScheduleVersionRow[], slot: Slot): Answer {
  const oldest = versions.at(-1);
  if (oldest === undefined)
    return {
      answer: 'before-it-was-known',
      why: ['No scheduler has seen this schedule yet.'],
      hint: 'Start one: `outturn up` or `outturn scheduler`.',
    };
  if (slot.atMs <= oldest.sinceMs)
    return {
      answer: 'before-it-was-known',
      why: [`A scheduler saw it first on ${minute(oldest.sinceMs)}: what was before is not caught up.`],
    };
  const left = versions.find((row) => row.ended !== null && (row.untilMs ?? 0) < slot.atMs);
  const back = versions.findLast((row) => row.sinceMs >= slot.atMs);
  const returned = back === undefined ? '' : `, until ${minute(back.sinceMs)}`;
  return {
    answer: 'not-configured',
    why: [
      `No scheduler had it in its configuration from ${minute(left?.untilMs ?? slot.atMs)} on${returned}.`,
      'What a schedule misses while it is not configured is not caught up.',
    ],
  };
}

async function overdue(store: Store, nowMs: number, slot: Slot): Promise<Answer> {
  const [last] = await store.schedules.schedulers({ sinceMs: 0, limit: 1 });
  if (last === undefined)
    return {
      answer: 'overdue',
      why: ['No scheduler has ever run on this database.'],
      hint: 'Start one: `outturn up` or `outturn scheduler`.',
    };
  if (last.stoppedAtMs !== null || nowMs - last.seenAtMs > GONE_AFTER_MS)
    return {
      answer: 'overdue',
      why: [
        `No scheduler has run since ${minute(last.stoppedAtMs ?? last.seenAtMs)}: the last one was ${last.instance}.`,
        'The slot is settled, by the catch-up policy, when the next one starts.',
      ],
      hint: 'Start one: `outturn up` or `outturn scheduler`.',
    };
  return {
    answer: 'overdue',
    why: [
      `It is ${about(nowMs - slot.atMs)} overdue, though the scheduler ${last.instance} runs.`,
      'It settles what it missed every ten seconds; its log says what keeps it from doing so.',
    ],
    hint: 'outturn doctor',
  };
}
