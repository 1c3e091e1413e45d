import type { ReplayResult, Replays } from '#kit';
import { applyReplay } from './apply-replay.ts';
import { definitionInForce } from './definition-in-force.ts';
import type { ReplaysParts } from './replay-parts.ts';
import { stagePulls } from './stage-replay.ts';
import { findTarget } from './target.ts';

/** Reads archived pages again: staged first, compared with what is stored, then stored where that was asked for. */
export function createReplays(parts: ReplaysParts): Replays {
  const { store } = parts;
  return {
    async replay(request, context) {
      const target = findTarget(parts, request);
      const { connector, stream, fromMs, toMs, pullId } = request;
      const notInForce = await definitionInForce(store.connectors, target, request);
      // Its time first, so that what a dead process left can be told.
      const replayId = `${new Date().toISOString()} ${parts.newId()}`;
      const scope = { replayId, connector, stream, fromMs, toMs, pullId };
      try {
        const read = await stagePulls(parts, request, target, replayId, context);
        const counts = await store.replays.counts(scope);
        const changes = await store.replays.changes(scope, request.limit);
        const applied = request.apply ? await applyReplay(parts, scope, request.withdraw, context.signal) : null;
        return {
          connector,
          stream,
          fromMs,
          toMs,
          notInForce,
          ...read,
          counts,
          changes,
          applied,
        } satisfies ReplayResult;
      } finally {
        await store.replays.clear(replayId);
      }
    },
  };
}
