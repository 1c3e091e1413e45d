import type {
  BackfillPlan,
  BackfillRequest,
  Backfills,
  Clock,
  Config,
  PlannedChunk,
  PullWindow,
  Registry,
  Store,
} from '#kit';
import { splitWindow } from './chunks.ts';
import { sinceOf } from './plan.ts';
import { findPulled } from './target.ts';

export interface BackfillsParts {
  config: Config;
  registry: Registry;
  store: Store;
  clock: Clock;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** As minutes go, seconds only where they are some. */
const iso = (atMs: number): string => new Date(atMs).toISOString().replace(/(:00)?\.000Z$/, 'Z');

export function createBackfills(parts: BackfillsParts): Backfills {
  const { store, clock } = parts;

  async function plan(request: BackfillRequest): Promise<BackfillPlan> {
    const { connector, stream, kind } = findPulled(parts, request);
    const { intervalMs } = kind.timing(stream.options);
    const nowMs = clock.nowMs();
    const extent = (window: PullWindow) =>
      kind.extent?.(stream.options, window) ?? { isWindowed: true, requests: null };
    const { isWindowed } = extent(request);
    const windows = splitWindow({ ...request, intervalMs, isWindowed, nowMs });
    const coverage = await store.backfills.coverage(connector.id, stream.id, windows);
    const chunks = windows.map((window, index): PlannedChunk => {
      const found = coverage[index] ?? { samples: 0, costs: 0, isPulled: false };
      return { ...window, requests: extent(window).requests, ...found };
    });
    const fromMs = windows[0]?.fromMs ?? request.fromMs;
    const toMs = windows.at(-1)?.toMs ?? request.toMs;

    const warnings: string[] = [];
    if (request.toMs > nowMs) warnings.push(`It ends at ${iso(toMs)}, for what is after it is still to come.`);
    const sinceMs = sinceOf(stream, nowMs);
    if (fromMs < sinceMs)
      warnings.push(`It begins before the stream's since (${iso(sinceMs)}): the live pulls never read that far back.`);
    if (!isWindowed)
      warnings.push('This source gives all that it has whatever the window: one chunk reads everything.');
    const watermarkMs = (await store.watermarks.get(connector.id, stream.id))?.watermarkMs ?? null;
    if (watermarkMs === null)
      warnings.push(
        'The stream was never pulled: the first live pull reads from its since, whatever the backfill read.',
      );
    else if (toMs > watermarkMs)
      warnings.push(
        `It ends after the watermark (${iso(watermarkMs)}): what lies between the live pulls read as well.`,
      );
    for (const other of await store.backfills.overlapping(connector.id, stream.id, { fromMs, toMs }))
      warnings.push(
        `It overlaps the backfill ${other.id.slice(0, 8)}, which is running: ${iso(other.fromMs)} to ${iso(other.toMs)}.`,
      );

    const count = chunks.reduce((sum, chunk) => sum + (chunk.requests ?? 1), 0);
    const { requestsPerMinute: perMinute, requestsPerDay: perDay } = connector.http.budget;
    // What the first minute and the first day allow need not wait.
    const waits = (limit: number | null, lengthMs: number): number | null =>
      limit === null ? null : Math.max(0, Math.ceil(count / limit) - 1) * lengthMs;
    const durations = [waits(perMinute, MINUTE_MS), waits(perDay, DAY_MS)].filter((ms) => ms !== null);
    return {
      connector: connector.id,
      stream: stream.id,
      fromMs,
      toMs,
      chunkMs: isWindowed ? request.chunkMs : toMs - fromMs,
      chunks,
      requests: {
        count,
        isLeast: chunks.some((chunk) => chunk.requests === null),
        perMinute,
        perDay,
        durationMs: durations.length === 0 ? null : Math.max(...durations),
      },
      warnings,
    };
  }

  return {
    plan,
    create: (plans, cause) =>
      store.transaction(async (tx) => {
        const rows = [];
        for (const { connector, stream, chunkMs, chunks: windows } of plans)
          rows.push(await tx.backfills.create({ connector, stream, chunkMs, windows, cause }));
        return rows;
      }),
  };
}
