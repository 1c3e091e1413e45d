import type { z } from 'zod';
import { type AnyJobKind, type IntentResolver, type NewIntent, OutturnError, PermanentError } from '#kit';

/** Every kind once, or the program is wrong: refused before anything starts. */
export function jobTable(jobs: readonly AnyJobKind[]): ReadonlyMap<string, AnyJobKind> {
  const table = new Map<string, AnyJobKind>();
  for (const job of jobs) {
    if (table.has(job.kind)) throw new OutturnError('internal', `Two jobs are registered for the kind “${job.kind}”.`);
    table.set(job.kind, job);
  }
  return table;
}

/** `a.b[0]: message` for each fault; the values themselves are left out, for they may be secret. */
function describeFaults(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const path = issue.path.reduce<string>(
        (text, part) =>
          typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
        '',
      );
      return `${path === '' ? 'arguments' : path}: ${issue.message}`;
    })
    .join('; ');
}

function checked(job: AnyJobKind, args: unknown): unknown {
  const result = job.args.safeParse(args);
  if (result.success) return result.data;
  throw new PermanentError('queue/invalid-arguments', `Job ${job.kind}: ${describeFaults(result.error)}.`, {
    hint: `See what the job ${job.kind} takes, and ask again.`,
    cause: result.error,
  });
}

/**
 * Stored arguments as the job's code knows them: upgraded from the version they were written with, then validated.
 * Throws `queue/invalid-arguments`; the caller has dealt with newer versions.
 */
export function argumentsToRun(job: AnyJobKind, version: number, stored: unknown): unknown {
  let args = stored;
  for (let from = version; from < job.version; from += 1) {
    const upgrade = job.upgrade?.[from];
    if (upgrade === undefined)
      throw new PermanentError(
        'queue/invalid-arguments',
        `Job ${job.kind}: arguments of version ${from} cannot be upgraded to version ${job.version}.`,
        { hint: 'Enqueue the job again with arguments of today.' },
      );
    args = upgrade(args);
  }
  return checked(job, args);
}

/**
 * Looks up what an intent needs besides its arguments. `resolve` throws `queue/unknown-kind`, and
 * `queue/invalid-arguments` naming each faulty path.
 */
export function createIntentResolver(jobs: readonly AnyJobKind[]): IntentResolver {
  const table = jobTable(jobs);
  return {
    resolve(intent: NewIntent) {
      const job = table.get(intent.kind);
      if (job === undefined)
        throw new PermanentError('queue/unknown-kind', `There is no job of the kind “${intent.kind}”.`, {
          hint: `Known kinds: ${[...table.keys()].sort().join(', ')}.`,
        });
      // Checked in the form in which they are stored; kept as given, for defaults and transforms apply when the job runs.
      const stored: unknown = JSON.parse(JSON.stringify(intent.args ?? null));
      return {
        version: job.version,
        queue: job.queue,
        args: stored,
        dedupeKey: job.dedupeKey(checked(job, stored)),
        priority: job.priority ?? 'normal',
      };
    },
  };
}
