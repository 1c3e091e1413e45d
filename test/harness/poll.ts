import { setTimeout as delay } from 'node:timers/promises';

/** Asks `condition` until it is neither false, null nor undefined; its answer. Throws with its last error at the deadline. */
export async function pollUntil<T>(
  what: string,
  condition: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  { timeoutMs = 90_000, intervalMs = 25 }: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer !== false && answer !== null && answer !== undefined) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      const reason = last === undefined ? '' : `: ${last instanceof Error ? last.message : String(last)}`;
      throw new Error(`not within ${timeoutMs} ms: ${what}${reason}`, last === undefined ? undefined : { cause: last });
    }
    await delay(intervalMs);
  }
}
