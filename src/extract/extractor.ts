import { type Extractor, OutturnError, PermanentError } from '#kit';
import { type Bounds, usualBounds } from './bounds.ts';
import { type Lane, type LaneOutcome, openLane } from './lane.ts';
import type { Task } from './thread.ts';

const MOST_SHOWN = 120;
/** A thread that nobody needs gives its memory back. */
const IDLE_MS = 60_000;

/** Threads that evaluate, and who waits for one of them. None is there before the first evaluation. */
interface Pool {
  run(task: Task): Promise<LaneOutcome>;
}

function createPool(bounds: Bounds): Pool {
  const idle: { lane: Lane; timer: NodeJS.Timeout }[] = [];
  const waiting: (() => void)[] = [];
  let taken = 0;

  function takeLane(): Lane {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      clearTimeout(kept.timer);
      if (kept.lane.isAlive()) return kept.lane;
    }
    return openLane(bounds);
  }
  function rest(lane: Lane): void {
    const kept = { lane, timer: setTimeout(() => drop(lane), IDLE_MS) };
    kept.timer.unref();
    idle.push(kept);
  }
  function drop(lane: Lane): void {
    const at = idle.findIndex((kept) => kept.lane === lane);
    if (at !== -1) idle.splice(at, 1);
    lane.end();
  }

  return {
    async run(task) {
      while (taken >= bounds.threads) await new Promise<void>((resolve) => waiting.push(resolve));
      taken += 1;
      const lane = takeLane();
      try {
        return await lane.run(task);
      } finally {
        if (lane.isAlive()) rest(lane);
        taken -= 1;
        waiting.shift()?.();
      }
    },
  };
}

/** All of a process share the threads: they hold nothing of any connector but compiled expressions. */
let shared: Pool | null = null;

/** JSONata in worker threads; a thread that exceeds its bounds is ended and another takes its place. */
export function createExtractor(changes?: Partial<Bounds>): Extractor {
  const bounds = { ...usualBounds, ...changes };
  let own: Pool | null = null;
  const pool = (): Pool => {
    if (changes === undefined) {
      shared ??= createPool(usualBounds);
      return shared;
    }
    own ??= createPool(bounds);
    return own;
  };
  return {
    async evaluate({ expression, body, bindings = {} }) {
      const outcome = await pool().run({ expression, body, bindings });
      switch (outcome.kind) {
        case 'result':
          return outcome.result === null ? undefined : (JSON.parse(outcome.result) as unknown);
        case 'not-json':
          throw new PermanentError('source/not-json', 'the answer to be evaluated is no JSON', {
            hint: 'Say by format what the source answers with.',
          });
        case 'problem':
          throw failed(expression, outcome.message, outcome.position);
        case 'took-too-long':
          throw failed(expression, `it takes longer than ${bounds.cpuMs / 1000} s of processor time and was stopped`);
        case 'took-too-much-memory':
          throw failed(expression, `it needs more than ${bounds.memoryMb} MB and was stopped`);
        case 'broken':
          throw new OutturnError('internal', 'A thread that evaluates expressions could not run.', {
            cause: outcome.cause,
          });
      }
    },
  };
}

function failed(expression: string, message: string, position: number | null = null): PermanentError {
  const line = expression.replace(/\s+/g, ' ').trim();
  const shown = line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line;
  const place = position === null ? '' : ` (near character ${position} of it)`;
  return new PermanentError('source/bad-expression', `the expression ${shown}: ${message}${place}`, {
    hint: 'Mend the expression in the stream; outturn check shows what the source answers with.',
  });
}
