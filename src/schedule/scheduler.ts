import { type RunCoordinator, schedule as ring, type ScheduledTask } from 'node-cron';
import { type Clock, type Logger, type Metrics, OutturnError, type ScheduleConfig, type Store } from '#kit';
import { standstills } from './judge.ts';
import { createLedger } from './ledger.ts';
import { LOOKBACK_MS } from './missed.ts';
import { createSlotCalculator, type SlotCalculator } from './slots.ts';
import { adoptVersion, alignVersions, hasTimesOf, retireVersions } from './versions.ts';

/** How often slots are looked for that no timer rang for: the spring gap, a machine that slept, a database that was away. */
const SWEEP_INTERVAL_MS = 10_000;
/** Younger slots are left to the timers. */
const SWEEP_GRACE_MS = 3_000;
/** How late node-cron may be and still ring for a slot. */
const RING_TOLERANCE_MS = 20_000;
/** How much earlier than its slot a timer may ring. */
const EARLY_MS = 1_000;
/** A scheduler that was not seen for so long is gone. */
export const GONE_AFTER_MS = 60_000;
const SCHEDULERS_ASKED = 200;

export interface SchedulerDependencies {
  schedules: readonly ScheduleConfig[];
  store: Store;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Names this process in the ledger. */
  instance: string;
  /** How often missed slots are looked for; 10 s unless told. */
  sweepIntervalMs?: number | undefined;
}
export interface Scheduler {
  /** Settles what was missed since the last fire, then rings. Rejects when the store cannot be reached. */
  start(): Promise<void>;
  /** Rings no more and waits for fires that are being written. */
  stop(): Promise<void>;
}

interface Entry {
  config: ScheduleConfig;
  calculator: SlotCalculator;
  /** Slots up to here are settled, or were before the schedule was known. */
  settledUntilMs: number;
  knownSinceMs: number;
  task: ScheduledTask | null;
}

/** Every instance of the fleet may run one: the ledger lets each slot fire once. Throws on a wrong cron expression. */
export function createScheduler(dependencies: SchedulerDependencies): Scheduler {
  const { store, clock, metrics, schedules, instance } = dependencies;
  const log = dependencies.log.child({ part: 'schedule' });
  const ledger = createLedger({ store, clock, log, metrics, instance });
  const startedAtMs = clock.nowMs();
  const entries = schedules.map(
    (config): Entry => ({
      config,
      calculator: createSlotCalculator(config.cron, config.timeZone),
      settledUntilMs: startedAtMs,
      knownSinceMs: startedAtMs,
      task: null,
    }),
  );

  let isStopping = false;
  let sweepTimer: NodeJS.Timeout | null = null;
  let sweeping: Promise<void> | null = null;
  /** Since when the store does not answer; null: it does. */
  let troubleSinceMs: number | null = null;
  const firing = new Set<Promise<unknown>>();

  /**
   * node-cron asks this at each ring, with `name:instant` as key. The claim and the outbox row are one transaction, so the
   * answer is also the work: a crash in between can neither lose a fire nor repeat it.
   */
  function coordinatorOf(entry: Entry): RunCoordinator {
    return {
      async shouldRun(key) {
        if (isStopping) return false;
        const slot = entry.calculator.slotAt(Date.parse(key.slice(entry.config.id.length + 1)));
        // The second reading of a repeated hour, when the first one was before the schedule was known.
        if (slot.atMs <= entry.knownSinceMs) return false;
        // Rung by the machine's clock, which this one does not share or which was just put back: the sweep finds it in its time.
        if (slot.atMs > clock.nowMs() + EARLY_MS) return false;
        const fire = ledger.fire(entry.config, slot);
        firing.add(fire);
        try {
          return await fire;
        } catch (error) {
          noteTrouble(error, slot.atMs);
          throw error;
        } finally {
          firing.delete(fire);
        }
      },
    };
  }

  async function sweepOne(entry: Entry): Promise<void> {
    const untilMs = clock.nowMs() - SWEEP_GRACE_MS;
    if (untilMs < entry.settledUntilMs - GONE_AFTER_MS) {
      // The clock was put back. What is settled stays settled: the ledger has it.
      log.warn({ schedule: entry.config.id, byMs: entry.settledUntilMs - untilMs }, 'the clock was put back');
      entry.settledUntilMs = untilMs;
      entry.knownSinceMs = Math.min(entry.knownSinceMs, untilMs);
    }
    if (untilMs <= entry.settledUntilMs) return;
    const standstill = troubleSinceMs === null ? standstills.heldUp : standstills.database;
    await ledger.settle(entry.config, entry.calculator, { fromMs: entry.settledUntilMs, toMs: untilMs }, standstill);
    entry.settledUntilMs = untilMs;
  }

  const seen = (stoppedAtMs: number | null): Promise<void> =>
    store.schedules.seen({ instance, startedAtMs, seenAtMs: clock.nowMs(), stoppedAtMs });

  /** Of schedulers with different configurations the one that started last decides what is configured. */
  async function alignIfNewest(): Promise<void> {
    const nowMs = clock.nowMs();
    const others = await store.schedules.schedulers({ sinceMs: nowMs - GONE_AFTER_MS, limit: SCHEDULERS_ASKED });
    const isNewest = others.every(
      (other) => other.instance === instance || other.stoppedAtMs !== null || other.startedAtMs <= startedAtMs,
    );
    if (isNewest) await alignVersions({ store, log, nowMs }, schedules);
  }

  async function sweep(): Promise<void> {
    const beganMs = clock.nowMs();
    let isWell = true;
    const attempt = async (work: () => Promise<void>, facts: Record<string, unknown>, message: string) => {
      if (isStopping) return;
      try {
        await work();
      } catch (error) {
        isWell = false;
        noteTrouble(error, beganMs);
        log.warn({ ...facts, error }, message);
      }
    };
    await attempt(() => seen(null), {}, 'that this scheduler runs could not be noted');
    await attempt(alignIfNewest, {}, 'what is configured could not be noted');
    for (const entry of entries)
      await attempt(
        () => sweepOne(entry),
        { schedule: entry.config.id },
        'missed slots could not be settled; tried again',
      );
    if (isWell) troubleSinceMs = null;
  }

  function noteTrouble(error: unknown, sinceMs: number): void {
    if (error instanceof OutturnError && error.code.startsWith('storage/')) troubleSinceMs ??= sinceMs;
  }

  const noise = (text: string | Error): void => log.debug({ detail: String(text) }, 'node-cron');
  const cronLogger = {
    info: noise,
    debug: noise,
    warn: noise,
    error: (message: string | Error, error?: Error) =>
      log.warn({ error: error ?? message }, 'a ring failed; its slot is settled shortly'),
  };

  /** What was missed while no scheduler ran; when the schedule has other times by now, what it missed of the old ones. */
  async function settleOutage(entry: Entry): Promise<void> {
    const { config } = entry;
    const nowMs = clock.nowMs();
    const [version] = await store.schedules.versions(config.id);
    const newestMs = await store.fires.newestSlotMs(config.id);
    const settle = (calculator: SlotCalculator, sinceMs: number): Promise<void> => {
      const fromMs = Math.max(sinceMs, Math.min(newestMs ?? sinceMs, nowMs) - LOOKBACK_MS);
      return ledger.settle(config, calculator, { fromMs, toMs: nowMs }, standstills.outage);
    };
    if (version !== undefined && version.ended === null && !hasTimesOf(version, config))
      await settle(createSlotCalculator(version.cron, version.timeZone), version.sinceMs);
    entry.knownSinceMs = await adoptVersion({ store, log, nowMs }, config);
    await settle(entry.calculator, entry.knownSinceMs);
    entry.settledUntilMs = nowMs;
  }

  return {
    async start() {
      await seen(null);
      await retireVersions({ store, log, nowMs: clock.nowMs() }, schedules);
      for (const entry of entries) {
        if (isStopping) return;
        await settleOutage(entry);
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
        sweeping ??= sweep().finally(() => {
          sweeping = null;
        });
      }, dependencies.sweepIntervalMs ?? SWEEP_INTERVAL_MS);
    },
    async stop() {
      isStopping = true;
      if (sweepTimer !== null) clearInterval(sweepTimer);
      for (const entry of entries) {
        await entry.task?.destroy();
        entry.task = null;
      }
      await sweeping;
      await Promise.allSettled(firing);
      await seen(clock.nowMs()).catch((error: unknown) => log.warn({ error }, 'the end could not be noted'));
    },
  };
}
