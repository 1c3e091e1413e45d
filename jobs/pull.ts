import { z } from 'zod';
import { defineJob, type PlannedEffect } from '#kit';

const instant = z.iso.datetime({ offset: true });
const args = z
  .strictObject({
    connector: z.string().min(1),
    stream: z.string().min(1),
    /** Both absent: what is due since the watermark. */
    from: instant.optional(),
    to: instant.optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || Date.parse(from) < Date.parse(to), {
    message: 'from must be before to',
  });

/** Warnings stand in full with the pull; the job's result is for a glance. */
const MAX_WARNINGS = 20;

const parsed = (text: string | undefined): number | null => (text === undefined ? null : Date.parse(text));
const iso = (atMs: number): string => new Date(atMs).toISOString();

/** Reads one stream and stores what is new; the recomputes that follow are written in the same transaction. */
export const pull = defineJob({
  kind: 'pull',
  version: 1,
  queue: 'pull',
  args,
  attempts: 6,
  backoff: { baseMs: 10_000, capMs: 900_000 },
  timeoutMs: 30 * 60_000,
  dedupeKey({ connector, stream, from, to }) {
    const window = from === undefined && to === undefined ? '' : `/${from ?? ''}/${to ?? ''}`;
    return `${connector}/${stream}${window}`;
  },
  async preview({ connector, stream, from, to }, { pulls, store }): Promise<PlannedEffect[]> {
    const window = await pulls.preview({ connector, stream, fromMs: parsed(from), toMs: parsed(to) });
    const [there] = await store.backfills.coverage(connector, stream, [window]);
    const { watermarkMs, advanceToMs } = window;
    return [
      {
        effect: `read ${connector}.${stream} from ${iso(window.fromMs)} to ${iso(window.toMs)}`,
        state: 'to-do',
        detail: `${there?.samples ?? 0} samples and ${there?.costs ?? 0} cost lines of it are stored; only what differs is added`,
      },
      {
        effect: advanceToMs === null ? 'leave the watermark where it is' : `move the watermark to ${iso(advanceToMs)}`,
        state: advanceToMs === null ? 'done' : 'to-do',
        detail: watermarkMs === null ? 'the stream was never read' : `it is at ${iso(watermarkMs)}`,
      },
    ];
  },
  async run({ connector, stream, from, to }, { jobId, attempt, fence, signal, ports, progress }) {
    const { warnings, ...summary } = await ports.pulls.run(
      {
        connector,
        stream,
        fromMs: parsed(from),
        toMs: parsed(to),
        jobId,
        attempt,
        fence,
      },
      { signal, progress },
    );
    return { ...summary, warnings: warnings.slice(0, MAX_WARNINGS), warningCount: warnings.length };
  },
});
