import {
  type Clock,
  type Config,
  type Extractor,
  type Logger,
  type Metrics,
  type ObjectStore,
  type PushedSeries,
  type PushSteps,
  type RawPage,
  type Registry,
  type StepMark,
  type Store,
} from '#kit';
import { cancelled } from './abort.ts';
import { type PushTarget, pushTarget } from './push-target.ts';
import { askRecomputes, keepPage, storePushed } from './store-push.ts';

/** Prometheus' own rule: a value counts for five minutes. */
export const STALE_AFTER_MS = 300_000;
const MOST_WARNINGS = 20;

/**
 * Ends of the steps that a sample has a say in. A step is (end − step, end]; a level is the newest value at an end, which
 * may be up to five minutes old, and samples that no end comes after so soon say nothing.
 */
export function stepEndsOf(atMs: number, { as, step }: Pick<PushedSeries, 'as' | 'step'>): number[] {
  const end = Math.ceil(atMs / step) * step;
  if (as !== 'level') return [end];
  const ends: number[] = [];
  for (let each = end; each - atMs < STALE_AFTER_MS; each += step) ends.push(each);
  return ends;
}

export interface PushStepParts {
  config: Config;
  registry: Registry;
  store: Store;
  objects: ObjectStore;
  extract: Extractor;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  newId(): string;
  redact(text: string): string;
}

/**
 * Turns the samples of steps that are over into measurements. The samples of a step are archived as a page and parsed by the
 * kind, so that the figure leads to them and a replay gives it again. A late sample marks its step once more: the same steps
 * measured again give the same values, or a revision.
 */
export function createPushSteps(parts: PushStepParts): PushSteps {
  const { store, clock } = parts;
  return {
    async close(request, { signal, progress }) {
      const total = { steps: 0, rows: 0, inserted: 0, revisions: 0, warnings: [] as string[] };
      // Taken out of the configuration meanwhile: nobody waits for its steps. Were it put back, its next job takes them.
      if (!parts.config.connectors.some(({ id }) => id === request.connector)) return total;
      const target = pushTarget(parts, request.connector);
      const stream = target.streams.find(({ id }) => id === request.stream);
      // Written otherwise meanwhile: what it was is nothing to be measured any more.
      if (stream === undefined || stream.options.accepts !== 'prometheus') return total;
      const options = stream.options;
      for (;;) {
        const [mark] = await store.push.dueSteps(target.id, stream.id, clock.nowMs() - options.settle, 1);
        if (mark === undefined) break;
        if (signal.aborted) throw cancelled(signal);
        const measured = await measure(mark, options, stream);
        total.steps += 1;
        total.rows += measured.rows;
        total.inserted += measured.inserted;
        total.revisions += measured.revisions;
        for (const warning of measured.warnings)
          if (total.warnings.length < MOST_WARNINGS) total.warnings.push(warning);
        progress(total.steps, total.steps + 1);
      }
      await store.push.prune(target.id, stream.id, clock.nowMs() - options.late - options.step - STALE_AFTER_MS);
      return total;

      async function measure(mark: StepMark, options: PushedSeries, stream: PushTarget['streams'][number]) {
        const toMs = mark.endsAtMs;
        const fromMs = toMs - options.step;
        const observedAtMs = clock.nowMs();
        // Read after the mark: samples that come meanwhile are in it or make the mark a newer one.
        const series = await store.push.readStep(target.id, stream.id, { fromMs, toMs, staleAfterMs: STALE_AFTER_MS });
        const page: RawPage = {
          body: series.map((one) => `${JSON.stringify(one)}\n`).join(''),
          contentType: 'application/x-ndjson',
          request: { method: 'POST', url: `/v1/push/${target.id}/prometheus` },
          receivedAtMs: observedAtMs,
          meta: { format: 'prometheus-step', fromMs, toMs },
        };
        const context = { options: target.options, stream: options, streamId: stream.id, extract: parts.extract };
        const parsed = await target.kind.parse(page, context);
        const isEmpty = parsed.measurements.length === 0 && parsed.warnings.length === 0;
        const kept = isEmpty ? null : await keepPage(parts, page);
        const stored = await store.transaction(
          async (tx) => {
            // What a counter grew by until its next sample changes with this one.
            const isCounter = options.as === 'increase' && !mark.follows;
            const next = isCounter ? await tx.push.nextTimes(target.id, stream.id, { fromMs, toMs }) : [];
            const after = next.flatMap((atMs) => stepEndsOf(atMs, options));
            const again = after.filter((end) => end + options.settle <= observedAtMs);
            await tx.push.clearStep(target.id, stream.id, mark);
            await tx.push.markSteps(target.id, stream.id, again, { follows: true });
            if (kept === null) return { rows: 0, inserted: 0, revisions: 0 };
            const { projects, ...counts } = await storePushed(tx, {
              target,
              stream,
              pullId: parts.newId(),
              jobId: request.jobId,
              attempt: request.attempt,
              observedAtMs,
              kept,
              objects: parts.objects,
              parsed,
              knownToMs: toMs,
            });
            await askRecomputes(tx, projects, {
              cause: `step of ${target.id}/${stream.id}`,
              parentId: request.jobId,
              nowMs: observedAtMs,
            });
            return counts;
          },
          { records: true, fence: request.fence },
        );
        if (kept !== null)
          parts.metrics.pullFinished({
            connector: target.id,
            stream: stream.id,
            outcome: 'succeeded',
            rows: stored.rows,
            revisions: stored.revisions,
            durationMs: clock.nowMs() - observedAtMs,
          });
        return { ...stored, warnings: parsed.warnings };
      }
    },
  };
}
