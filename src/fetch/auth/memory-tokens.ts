import type { TokenRow, TokenStore } from '#kit';

interface Entry {
  generation: number;
  sealed: string | null;
  expiresAtMs: number | null;
  holder: string | null;
  heldUntilMs: number;
  refusal: { reason: string; atMs: number; untilMs: number } | null;
}

/** Tokens of this process alone, for where there is no database or no key: the same rules, and nothing outlives the process. */
export function createMemoryTokens({ nowMs }: { nowMs(): number }): TokenStore {
  const entries = new Map<string, Entry>();
  const rowOf = (entry: Entry | undefined): TokenRow => {
    if (entry === undefined) return { generation: 0, sealed: null, expiresInMs: null, heldForMs: 0, refusal: null };
    const now = nowMs();
    const { generation, sealed, expiresAtMs, heldUntilMs, refusal } = entry;
    return {
      generation,
      sealed,
      expiresInMs: expiresAtMs === null ? null : expiresAtMs - now,
      heldForMs: Math.max(0, heldUntilMs - now),
      refusal:
        refusal === null || refusal.untilMs <= now
          ? null
          : { reason: refusal.reason, agoMs: now - refusal.atMs, endsInMs: refusal.untilMs - now },
    };
  };
  const letGo = (entry: Entry, holder: string): void => {
    if (entry.holder !== holder) return;
    entry.holder = null;
    entry.heldUntilMs = 0;
  };

  return {
    read: async (key) => rowOf(entries.get(key)),
    async claim({ key, generation, holder, leaseMs }) {
      const known = entries.get(key);
      const free = known === undefined ? generation === 0 : known.generation === generation;
      if (!free || (known !== undefined && known.heldUntilMs > nowMs()))
        return { granted: false, interrupted: false, row: rowOf(known) };
      const interrupted = known?.holder != null;
      const entry: Entry = known ?? {
        generation: 0,
        sealed: null,
        expiresAtMs: null,
        holder: null,
        heldUntilMs: 0,
        refusal: null,
      };
      entry.holder = holder;
      entry.heldUntilMs = nowMs() + leaseMs;
      entries.set(key, entry);
      return { granted: true, interrupted, row: rowOf(entry) };
    },
    async save({ key, generation, holder, sealed, expiresInMs }) {
      const entry = entries.get(key);
      if (entry === undefined || (entry.generation !== generation && entry.holder !== holder)) return false;
      entry.generation += 1;
      entry.sealed = sealed;
      entry.expiresAtMs = expiresInMs === null ? null : nowMs() + expiresInMs;
      entry.refusal = null;
      letGo(entry, holder);
      return true;
    },
    async release(key, holder) {
      const entry = entries.get(key);
      if (entry !== undefined) letGo(entry, holder);
    },
    async refuse({ key, holder, reason, holdsMs }) {
      const entry = entries.get(key);
      if (entry === undefined || entry.holder !== holder) return;
      letGo(entry, holder);
      entry.refusal = { reason, atMs: nowMs(), untilMs: nowMs() + holdsMs };
    },
  };
}
