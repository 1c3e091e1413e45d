import { type Config, type MissingWork, type MissingWorkKind, type QueueName, type Store } from '#kit';
import { missedSlots } from '#src/schedule/index';
import { type App, clock } from './app.ts';

/** Work on its way is no hole yet. */
const GRACE_MS = 2 * 60_000;
const HORIZON_MS = 7 * 86_400_000;
const MOST_OF_A_KIND = 20;
const QUEUE_PAGE = 500;

export const missingWorkKinds: readonly MissingWorkKind[] = [
  'recompute',
  'fire',
  'fired-job',
  'deliveries',
  'delivery',
  'report',
  'pull',
  'publication',
  'queued-job',
];

/** A hole, in words, and what mends it. */
export interface MissingWorkFinding extends MissingWork {
  message: string;
  /** The command that mends it, as it is to be typed. */
  command: string;
  /** Whether `outturn doctor --mend` does: only what is harmless to repeat. */
  isMendable: boolean;
}

type Parts = Pick<App, 'config' | 'store'>;

/** Looks for work that should exist and does not: in the database, in the schedules, and in the queue where one is given. */
export async function findMissingWork({ config, store }: Parts, queue?: QueueView): Promise<MissingWorkFinding[]> {
  const nowMs = clock.nowMs();
  const found = await store.missing.find({ graceMs: GRACE_MS, horizonMs: HORIZON_MS, limit: MOST_OF_A_KIND });
  found.push(...(await slotsWithoutFire(config, store, nowMs)));
  if (queue !== undefined) found.push(...(await lostByTheQueue(store, queue, nowMs)));
  return found.map((hole) => ({ ...hole, ...inWords(hole, config) }));
}

/** One hole for each schedule, from its oldest slot. */
async function slotsWithoutFire(config: Config, store: Store, nowMs: number): Promise<MissingWork[]> {
  const missed = await missedSlots(config.schedules, store, nowMs, GRACE_MS);
  return [...Map.groupBy(missed, (slot) => slot.schedule)].flatMap(([schedule, [oldest, ...more]]) =>
    oldest === undefined
      ? []
      : [
          {
            kind: 'fire',
            about: { schedule, slot: oldest.slot },
            sinceMs: oldest.atMs,
            count: more.length + 1,
            lastJob: null,
          },
        ],
  );
}

/** What of the queue is needed to see that it lost everything. */
export interface QueueView {
  counts(): Promise<Record<QueueName, { waiting: number; active: number; delayed: number }>>;
}

/** A queue that is empty although jobs were put into it long ago: it was wiped, or restored from before. */
async function lostByTheQueue(store: Store, queue: QueueView, nowMs: number): Promise<MissingWork[]> {
  const old = (await store.outbox.inQueue(null, QUEUE_PAGE)).filter(
    (row) => Math.max(row.publishedAtMs ?? 0, row.startedAtMs ?? 0) < nowMs - GRACE_MS,
  );
  if (old.length === 0) return [];
  const counts = await queue.counts();
  const isEmpty = (name: QueueName): boolean => {
    const { waiting, active, delayed } = counts[name];
    return waiting + active + delayed === 0;
  };
  const lost = old.filter((row) => isEmpty(row.queue));
  const [first] = lost;
  if (first === undefined) return [];
  const about = { jobId: first.id, kind: first.kind };
  return [
    { kind: 'queued-job', about, sinceMs: first.publishedAtMs ?? first.createdAtMs, count: lost.length, lastJob: null },
  ];
}

type Words = Pick<MissingWorkFinding, 'message' | 'command' | 'isMendable'>;

export const MEND_COMMAND = 'outturn doctor --mend';

function inWords({ kind, about, count, lastJob }: MissingWork, config: Config): Words {
  const name = (key: string): string => about[key] ?? '';
  const failed = lastJob?.state === 'failed' ? ` (its job ${lastJob.id.slice(0, 8)} failed: ${lastJob.errorCode})` : '';
  /** What failed for a reason fails again: a person decides. */
  const unlessFailed = (command: string): Pick<Words, 'command' | 'isMendable'> =>
    lastJob?.state === 'failed'
      ? { command: `outturn jobs replay ${lastJob.id.slice(0, 8)}`, isMendable: false }
      : { command, isMendable: true };
  switch (kind) {
    case 'recompute':
      return {
        message: `${name('project')}: ${count === 1 ? 'a changed period is' : `${count} changed periods are`} not computed, and no job does it${failed}`,
        ...unlessFailed(`outturn recompute ${name('project')}`),
      };
    case 'fire':
      return {
        message: `schedule ${name('schedule')}: ${count === 1 ? `the slot ${name('slot')} has` : `${count} slots since ${name('slot')} have`} passed and nothing fired`,
        command: 'outturn scheduler',
        isMendable: false,
      };
    case 'fired-job': {
      const isKnown = config.schedules.some(({ id }) => id === name('schedule'));
      return {
        message: `schedule ${name('schedule')}: the slot ${name('slot')} fired, but its job is not there`,
        command: isKnown ? MEND_COMMAND : `outturn schedule why ${name('schedule')} '${name('slot')}'`,
        isMendable: isKnown,
      };
    }
    case 'deliveries': {
      const isTest = name('test') === 'true';
      const slot = isTest ? name('slot').replace(/^test\//, '') : name('slot');
      return {
        message: `digest ${name('subscription')} of ${name('slot')} was composed, but is addressed to nobody`,
        command: `outturn digest send ${name('subscription')} --slot ${slot}${isTest ? ' --test' : ''}`,
        isMendable: config.subscriptions.some(({ id }) => id === name('subscription')),
      };
    }
    case 'delivery':
      return {
        message: `${name('channel')} to ${name('address')} (${name('subscription')} ${name('slot')}) is ${name('state')}, and no job sends it${failed}`,
        ...unlessFailed(MEND_COMMAND),
      };
    case 'report':
      return {
        message: `${name('project')}: the snapshot ${name('snapshotId').slice(0, 8)} as of ${name('asOf')} has no report, and no job makes it${failed}`,
        ...unlessFailed(MEND_COMMAND),
      };
    case 'pull':
      return {
        message: `${name('connector')}.${name('stream')}: a pull was interrupted: its process ended before it did`,
        command: isStream(config, name('connector'), name('stream'))
          ? `outturn pull ${name('connector')}.${name('stream')}`
          : MEND_COMMAND,
        isMendable: true,
      };
    case 'publication':
      return {
        message: `${count === 1 ? 'a job is' : `${count} jobs are`} due (the oldest: ${name('kind')} ${name('jobId').slice(0, 8)}), and no process puts them into the queue`,
        command: 'outturn worker',
        isMendable: false,
      };
    case 'queued-job':
      return {
        message: `the queue has lost ${count === 1 ? 'a job' : `${count} jobs`} (the oldest: ${name('kind')} ${name('jobId').slice(0, 8)}); running workers notice by themselves`,
        command: 'outturn queue rebuild',
        isMendable: true,
      };
  }
}

export const isStream = (config: Config, connector: string, stream: string): boolean =>
  config.connectors.some(({ id, streams }) => id === connector && streams.some((each) => each.id === stream));
