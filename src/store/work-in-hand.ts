import { z } from 'zod';
import { queueNames, type WorkInHandReader } from '#kit';
import { instant, type StoreContext, sql } from './context.ts';

const openSchema = z.object({
  kind: z.string(),
  queue: z.enum(queueNames),
  state: z.enum(['pending', 'published', 'running']),
  count: z.number(),
  oldestDueAtMs: z.number().nullable(),
});
const deadSchema = z.object({ kind: z.string(), count: z.number() });

export function createWorkInHandReader({ connection, clock }: StoreContext): WorkInHandReader {
  return {
    async read() {
      const now = instant(clock.nowMs());
      const open = await connection.any(sql.type(openSchema)`
        SELECT kind, queue, state, count(*) AS count,
          min(greatest(created_at, not_before)) FILTER (
            WHERE started_at IS NULL AND greatest(created_at, not_before) <= ${now}) AS "oldestDueAtMs"
        FROM outbox
        WHERE acknowledged_at IS NULL AND state IN ('pending', 'published', 'running')
        GROUP BY kind, queue, state`);
      const deadLetters = await connection.any(sql.type(deadSchema)`
        SELECT d.kind, count(*) AS count
        FROM dead_letter d JOIN outbox o ON o.id = d.job_id
        WHERE d.discarded_at IS NULL AND o.state = 'failed'
        GROUP BY d.kind`);
      return { open: [...open], deadLetters: [...deadLetters] };
    },
  };
}
