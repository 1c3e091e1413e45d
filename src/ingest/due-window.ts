import type { PullRequest } from '#kit';
import { type PullPlan, planPull } from './plan.ts';
import type { PullRunnerParts } from './runner-parts.ts';
import type { Target } from './target.ts';

/** What a live pull would read now, and the watermark as it stands; null: the stream was never read. */
export async function planDue(
  { store, clock }: Pick<PullRunnerParts, 'store' | 'clock'>,
  { connector, stream, kind }: Target,
  { fromMs, toMs }: Pick<PullRequest, 'fromMs' | 'toMs'>,
): Promise<PullPlan & { watermarkMs: number | null }> {
  const watermarkMs = (await store.watermarks.get(connector.id, stream.id))?.watermarkMs ?? null;
  const { intervalMs } = kind.timing(stream.options);
  return { ...planPull({ stream, intervalMs, watermarkMs, nowMs: clock.nowMs(), fromMs, toMs }), watermarkMs };
}
