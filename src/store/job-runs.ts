import { z } from 'zod';
import { type JobFence, type JobRunRepository, RetryableError } from '#kit';
import { instant, type StoreContext, sql, storable } from './context.ts';

const runSchema = z.object({
  jobId: z.string(),
  token: z.number(),
  attempt: z.number(),
  instance: z.string(),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  outcome: z.enum(['succeeded', 'retried', 'failed', 'cancelled', 'released', 'lost']).nullable(),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
});

export function createJobRunRepository({ connection, clock }: StoreContext): JobRunRepository {
  return {
    async crashes(jobId) {
      return await connection.oneFirst(sql.type(z.object({ crashes: z.number() }))`
        SELECT count(*) AS crashes
        FROM job_run r JOIN outbox o ON o.id = r.job_id AND o.replays = r.replays
        WHERE r.job_id = ${jobId} AND r.ended_at IS NULL`);
    },

    async end({ jobId, token }, { outcome, errorCode, errorMessage }) {
      // A handler that ignored its abort may still be at work: it must not commit in the time before the next run begins.
      if (outcome !== 'succeeded')
        await connection.query(sql.unsafe`
          UPDATE job_fence SET token = token + 1 WHERE job_id = ${jobId} AND token = ${token}`);
      await connection.query(sql.unsafe`
        UPDATE job_run
        SET ended_at = ${instant(clock.nowMs())}, outcome = ${outcome}, error_code = ${errorCode ?? null},
          error_message = ${storable(errorMessage ?? null)}
        WHERE job_id = ${jobId} AND token = ${token} AND ended_at IS NULL`);
    },

    async list(jobId) {
      return [
        ...(await connection.any(sql.type(runSchema)`
          SELECT job_id AS "jobId", token, attempt, instance, started_at AS "startedAtMs", ended_at AS "endedAtMs", outcome,
            error_code AS "errorCode", error_message AS "errorMessage"
          FROM job_run WHERE job_id = ${jobId} ORDER BY token`)),
      ];
    },
  };
}

/**
 * Holds the fence until the transaction ends: a later run takes its token after this commit, or this one is refused.
 * Called last, so that the row is held for a moment only.
 */
export async function holdFence({ connection }: Pick<StoreContext, 'connection'>, fence: JobFence): Promise<void> {
  const isNewest = await connection.exists(sql.unsafe`
    SELECT FROM job_fence WHERE job_id = ${fence.jobId} AND token = ${fence.token} FOR SHARE`);
  if (!isNewest)
    throw new RetryableError(
      'queue/interrupted',
      `This run of the job ${fence.jobId} has been given up, for a later one or by a cancel: nothing of it is stored.`,
      { hint: 'The later run does the work; nothing is to be done.' },
    );
}
