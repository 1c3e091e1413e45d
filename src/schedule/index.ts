/** Schedules: node-cron rings, the fire ledger in PostgreSQL decides who fires and what becomes of missed slots. */
import { type RunCoordinator, schedule as ring, type ScheduledTask } from 'node-cron';
import { type Clock, type Logger, type Metrics, OutturnError, type ScheduleConfig, type Store } from '#kit';
import { createLedger } from './ledger.ts';
import { createSlotCalculator, type SlotCalculator } from './slots.ts';

export { validateCron } from './slots.ts';

/** How often slots are looked for that no timer rang for: the spring gap, a machine that slept, a database that was away. */
const SWEEP_INTERVAL_MS = 10_000;
/** Younger slots are left to the timers. */
const SWEEP_GRACE_MS = 3_000;
/** How late node-cron may be and still ring for a slot. */
const RING_TOLERANCE_MS = 20_000;

export interface SchedulerDependencies {
  schedules: readonly ScheduleConfig[];
  store: Store;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Names this process in the ledger. */
  instance: string;
}
export interface Scheduler {
  /** Settles what was missed since the last fire, then rings. Rejects when the store cannot be reached. */
  start(): Promise<void>;
  /** Rings no more and waits for fires that are being written. */
  stop(): Promise<void>;
  /** The next `count` instants of a schedule. */
  next(id: string, count: number): Date[];
  /** Enqueues a schedule's job now, recorded as a fire by hand; the job's id. */
  fireNow(id: string): Promise<string>;
}

interface Entry {
  config: ScheduleConfig;
  calculator: SlotCalculator;
  /** Slots up to here are settled. */
  settledUntilMs: number;
  task: ScheduledTask | null;
}

/** Every instance of the fleet may run one: the ledger lets each slot fire once. Throws on a wrong cron expression. */
export function createScheduler(dependencies: SchedulerDependencies): Scheduler {
  const { store, clock, metrics } = dependencies;
  const log = dependencies.log.child({ part: 'schedule' });
  const ledger = createLedger({ store, clock, log, metrics, instance: dependencies.instance });
  const entries = new Map<string, Entry>();
  for (const config of dependencies.schedules)
    entries.set(config.id, {
      config,
      calculator: createSlotCalculator(config.cron, config.timeZone),
      settledUntilMs: clock.nowMs(),
      task: null,
    });

  let isStopping = false;
  let sweepTimer: NodeJS.Timeout | null = null;
  let sweeping: Promise<void> = Promise.resolve();
  const firing = new Set<Promise<unknown>>();

  function entryOf(id: string): Entry {
    const entry = entries.get(id);
    if (entry === undefined)
      throw new OutturnError('not-found', `There is no schedule “${id}”.`, {
        hint: `Known: ${[...entries.keys()].join(', ') || 'none'}.`,
      });
    return entry;
  }

  /**
   * node-cron asks this at each ring, with `name:instant` as key. The claim and the outbox row are one transaction, so the
   * answer is also the work: a crash in between can neither lose a fire nor repeat it.
   */
  function coordinatorOf(entry: Entry): RunCoordinator {
    return {
      async shouldRun(key) {
        if (isStopping) return false;
        const instantMs = Date.parse(key.slice(entry.config.id.length + 1));
        const fire = ledger.fire(entry.config, entry.calculator.slotAt(instantMs));
        firing.add(fire);
        try {
          return await fire;
        } finally {
          firing.delete(fire);
        }
      },
    };
  }

  async function sweep(): Promise<void> {
    const untilMs = clock.nowMs() - SWEEP_GRACE_MS;
    for (const entry of entries.values()) {
      if (isStopping) return;
      if (untilMs <= entry.settledUntilMs) continue;
      try {
        await ledger.settle(entry.config, entry.calculator, { fromMs: entry.settledUntilMs, toMs: untilMs }, 'running');
        entry.settledUntilMs = untilMs;
      } catch (error) {
        log.warn({ schedule: entry.config.id, error }, 'missed slots could not be settled; tried again');
      }
    }
  }

  const noise = (text: string | Error): void => log.debug({ detail: String(text) }, 'node-cron');
  const cronLogger = {
    info: noise,
    debug: noise,
    warn: noise,
    error: (message: string | Error, error?: Error) =>
      log.warn({ error: error ?? message }, 'a ring failed; its slot is settled shortly'),
  };

  return {
    async start() {
      for (const entry of entries.values()) {
        const nowMs = clock.nowMs();
        const lastMs = await ledger.lastSlotMs(entry.config.id);
        // A schedule that has never been seen begins now: there is nothing to catch up.
        if (lastMs === null) await ledger.begin(entry.config);
        else if (lastMs < nowMs)
          await ledger.settle(entry.config, entry.calculator, { fromMs: lastMs, toMs: nowMs }, 'outage');
        entry.settledUntilMs = nowMs;
        entry.task = ring(entry.config.cron, () => undefined, {
          name: entry.config.id,
          timezone: entry.config.timeZone,
          distributed: true,
          runCoordinator: coordinatorOf(entry),
          missedExecutionTolerance: RING_TOLERANCE_MS,
          suppressMissedWarning: true,
          logger: cronLogger,
        });
      }
      sweepTimer = setInterval(() => {
        sweeping = sweeping.then(sweep);
      }, SWEEP_INTERVAL_MS);
    },
    async stop() {
      isStopping = true;
      if (sweepTimer !== null) clearInterval(sweepTimer);
      for (const entry of entries.values()) {
        await entry.task?.destroy();
        entry.task = null;
      }
      await sweeping;
      await Promise.allSettled(firing);
    },
    next: (id, count) =>
      entryOf(id)
        .calculator.next(clock.nowMs(), count)
        .map((slot) => new Date(slot.atMs)),
    fireNow: (id) => ledger.fireNow(entryOf(id).config),
  };
}
