import { cancellation } from './failures.ts';

export interface Slots {
  /** Waits until fewer than `most` of that name are taken; gives what frees the slot. Throws when `signal` aborts. */
  take(name: string, most: number, signal: AbortSignal): Promise<() => void>;
}

/** Counts who is at work in this process, first come, first served. */
export function createSlots(): Slots {
  const taken = new Map<string, { count: number; waiting: Set<() => void> }>();
  return {
    async take(name, most, signal) {
      const slot = taken.get(name) ?? { count: 0, waiting: new Set() };
      taken.set(name, slot);
      while (slot.count >= most) {
        const turn = Promise.withResolvers<void>();
        const stop = (): void => turn.reject(cancellation(signal, name));
        slot.waiting.add(turn.resolve);
        signal.addEventListener('abort', stop, { once: true });
        try {
          await turn.promise;
        } catch (thrown) {
          // Whoever was woken and leaves hands the turn on.
          if (!slot.waiting.delete(turn.resolve)) wakeNext(slot.waiting);
          throw thrown;
        } finally {
          signal.removeEventListener('abort', stop);
        }
      }
      slot.count++;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        slot.count--;
        wakeNext(slot.waiting);
      };
    },
  };
}

function wakeNext(waiting: Set<() => void>): void {
  const [next] = waiting;
  if (next === undefined) return;
  waiting.delete(next);
  next();
}
