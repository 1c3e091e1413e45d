import { OutturnError, RetryableError } from '#kit';
import { acquireFileLock } from '#src/embedded/file-lock';
import { writingBelow } from './file-problem.ts';

/** Several demos, one after the other; a first run takes some seconds. */
const TIMEOUT_MS = 120_000;
/** How soon Ctrl-C is noticed. */
const TURN_MS = 200;

/**
 * One demo at a time in one directory: a second one would give the sandbox other passwords and addresses while the first
 * reads them. `onWait` is told the process that holds it.
 *
 * Errors: `storage/directory-in-use` (after two minutes), `storage/directory-unwritable`, `queue/cancelled` (the signal).
 */
export async function lockDemo(
  directory: string,
  options: { signal: AbortSignal; onWait(pid: number): void },
): Promise<{ release(): Promise<void> }> {
  const deadlineMs = performance.now() + TIMEOUT_MS;
  for (;;) {
    if (options.signal.aborted) throw new OutturnError('queue/cancelled', 'Stopped; nothing was done.');
    const lock = await writingBelow(directory, () => acquireFileLock(directory, { timeoutMs: TURN_MS }));
    if (!('heldBy' in lock)) return lock;
    options.onWait(lock.heldBy);
    if (performance.now() > deadlineMs)
      throw new RetryableError(
        'storage/directory-in-use',
        `Another demo, process ${lock.heldBy}, has been busy in ${directory} for over ${TIMEOUT_MS / 1000} s.`,
        { hint: `Wait for it, end process ${lock.heldBy} if it hangs, or name another folder by --data.` },
      );
  }
}
