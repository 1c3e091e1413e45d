import { z } from 'zod';
import { defineJob } from '#kit';

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
  async run({ connector, stream, from, to }, { jobId, attempt, fence, signal, ports, progress }) {
    const { warnings, ...summary } = await ports.pulls.run(
      {
        connector,
        stream,
        fromMs: from === undefined ? null : Date.parse(from),
        toMs: to === undefined ? null : Date.parse(to),
        jobId,
        attempt,
        fence,
      },
      { signal, progress },
    );
    return { ...summary, warnings: warnings.slice(0, MAX_WARNINGS), warningCount: warnings.length };
  },
});
