import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import type { Bounds } from './bounds.ts';
import type { Answer, Task } from './thread.ts';

/** A thread that takes long to start has no processor, or its modules are gone. */
const START_MS = 30_000;

/** How an evaluation ended: with the thread's answer, or with the thread. */
export type LaneOutcome =
  | Answer
  | { kind: 'took-too-long' }
  | { kind: 'took-too-much-memory' }
  | { kind: 'broken'; cause: unknown };

/** One thread and the one task that it has. A thread that had to be ended is never used again. */
export interface Lane {
  run(task: Task): Promise<LaneOutcome>;
  isAlive(): boolean;
  end(): void;
}

// Threads run the same form of the program: TypeScript in a checkout, JavaScript in the package.
const THREAD = new URL(`./thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

export function openLane(bounds: Bounds): Lane {
  const worker = new Worker(THREAD, {
    workerData: bounds,
    resourceLimits: { maxOldGenerationSizeMb: bounds.memoryMb, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
    // Nothing of an expression reaches the environment, and nothing that it prints the terminal.
    env: {},
    stdout: true,
    stderr: true,
  });
  // A thread without a task must not keep the program alive.
  worker.unref();
  let alive = true;
  let settle: ((outcome: LaneOutcome) => void) | null = null;
  let announce: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const finish = (outcome: LaneOutcome): void => {
    const waiting = settle;
    settle = null;
    waiting?.(outcome);
  };
  const end = (outcome: LaneOutcome): void => {
    alive = false;
    finish(outcome);
    void worker.terminate();
  };
  worker.on('message', (message: Answer | 'ready') => {
    if (message === 'ready') announce();
    else finish(message);
  });
  worker.on('error', (error: Error & { code?: string }) =>
    end(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? { kind: 'took-too-much-memory' } : { kind: 'broken', cause: error },
    ),
  );
  worker.on('exit', (code) => end({ kind: 'broken', cause: new Error(`the thread ended with ${code}`) }));

  /** Ends the thread when the task has had its processor time, or far longer by the clock. */
  async function watch(task: Task, isOver: () => boolean): Promise<void> {
    const starting = setTimeout(() => end({ kind: 'broken', cause: new Error('the thread did not start') }), START_MS);
    await ready;
    clearTimeout(starting);
    if (isOver()) return;
    const allowedMs = bounds.cpuMs + task.body.length / bounds.readingBytesPerMs;
    const before = await worker.cpuUsage();
    const startedAtMs = performance.now();
    worker.postMessage(task);
    let leftMs = allowedMs;
    while (leftMs > 0 && !isOver()) {
      await over(Math.max(20, leftMs), isOver, (wake) => {
        wakeUp = wake;
      });
      if (isOver()) return;
      const used = await worker.cpuUsage(before);
      const clockLeftMs = allowedMs * bounds.mostClockTimes - (performance.now() - startedAtMs);
      leftMs = Math.min(allowedMs - (used.user + used.system) / 1000, clockLeftMs);
    }
    if (!isOver()) end({ kind: 'took-too-long' });
  }
  let wakeUp: () => void = () => {};

  return {
    isAlive: () => alive,
    end: () => end({ kind: 'broken', cause: new Error('the thread was ended') }),
    async run(task) {
      worker.ref();
      try {
        return await new Promise<LaneOutcome>((resolve) => {
          settle = resolve;
          const isOver = (): boolean => settle !== resolve;
          watch(task, isOver).catch((cause: unknown) => end({ kind: 'broken', cause }));
        });
      } finally {
        wakeUp();
        if (alive) worker.unref();
      }
    },
  };
}

/** Waits, and no longer than the task takes: its timer must not keep the program alive. */
function over(ms: number, isOver: () => boolean, onWake: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    if (isOver()) return resolve();
    const timer = setTimeout(resolve, ms);
    onWake(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
