import { formatDurationMs, type OutboxRow } from '#kit';
import type { SourceWait } from '#src/main/app';
import { isRetrying } from '#src/main/work';
import type { Io } from './io.ts';
import { subject } from './job-words.ts';

/** A shorter wait is over before anybody has read why. */
const SHORTEST_TOLD_MS = 2_000;
const MOST_OF_A_REASON = 200;

/** Says once, for each wait, why a pull does not go on; gives what stands beside the bar meanwhile. */
export function tellWaits(io: Pick<Io, 'err' | 'color'>, nowMs: () => number) {
  const told = new WeakSet<SourceWait>();
  const failures = new Set<string>();
  const say = (line: string): void => io.err(io.color.dim(line));
  return (waits: readonly SourceWait[], jobs: readonly OutboxRow[]): string => {
    for (const wait of waits) {
      const leftMs = wait.untilMs - nowMs();
      if (told.has(wait) || leftMs < SHORTEST_TOLD_MS) continue;
      told.add(wait);
      say(`${wait.connector}.${wait.stream} asks again in ${seconds(leftMs)}: ${shortened(wait.reason)}`);
    }
    for (const job of jobs.filter(isRetrying)) {
      const key = `${job.id} ${job.attempts}`;
      if (failures.has(key)) continue;
      failures.add(key);
      say(`${subject(job)} failed and is tried again: ${shortened(job.errorMessage ?? job.errorCode ?? '')}`);
    }
    const longestMs = Math.max(0, ...waits.map(({ untilMs }) => untilMs - nowMs()));
    return longestMs < SHORTEST_TOLD_MS ? '' : `, waits ${seconds(longestMs)}`;
  };
}

const seconds = (durationMs: number): string => formatDurationMs(Math.ceil(durationMs / 1_000) * 1_000);
const shortened = (reason: string): string =>
  reason.length > MOST_OF_A_REASON ? `${reason.slice(0, MOST_OF_A_REASON - 1)}…` : reason;
