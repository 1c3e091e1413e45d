import { z } from 'zod';
import { defineJob } from '#kit';

const MARKED_AT_ONCE = 50_000;
/** While they are deleted nobody archives. */
const DELETED_AT_ONCE = 50;
/** A page on which figures rest is looked at again then: a revision may have come, or another definition of its stream. */
const RECHECK_AFTER_MS = 30 * 86_400_000;

const args = z.strictObject({});

/** Removes bodies of archived pages that are older than `settings.retention.pages`; their rows stay and say when. */
export const prunePages = defineJob({
  kind: 'prune-pages',
  version: 1,
  queue: 'compute',
  args,
  attempts: 4,
  backoff: { baseMs: 60_000, capMs: 3_600_000 },
  timeoutMs: 4 * 3_600_000,
  priority: 'low',
  dedupeKey: () => 'all',
  async run(_args, { signal, ports: { config, store, objects, clock }, progress }) {
    const { retention } = config.settings;
    const total = { removed: 0, bytes: 0, deleted: 0 };
    if (retention === undefined) return total;
    const nowMs = clock.nowMs();
    const rules = {
      beforeMs: nowMs - retention.pagesMs,
      keepsEvidence: retention.evidence === 'keep',
      recheckBeforeMs: nowMs - RECHECK_AFTER_MS,
      limit: MARKED_AT_ONCE,
    };
    for (let looked = Number.POSITIVE_INFINITY; looked > 0; ) {
      signal.throwIfAborted();
      const marked = await store.transaction((tx) => tx.pages.mark(rules));
      looked = marked.looked;
      total.removed += marked.removed;
      total.bytes += marked.bytes;
    }
    for (let taken = Number.POSITIVE_INFINITY; taken > 0; ) {
      signal.throwIfAborted();
      const batch = await store.transaction(async (tx) => {
        const removals = await tx.pages.takeRemovals(DELETED_AT_ONCE);
        await Promise.all(removals.objectKeys.map((key) => objects.delete(key)));
        return { ...removals, deleted: removals.objectKeys.length };
      });
      taken = batch.taken;
      total.deleted += batch.deleted;
      progress(total.deleted, Math.max(total.removed, total.deleted));
    }
    return total;
  },
});
