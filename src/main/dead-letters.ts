import {
  type AnyJobKind,
  asOutturnError,
  type DeadLetterAdmin,
  type DeadLetterRow,
  type JobPorts,
  type OutboxRow,
  type ReplayPlan,
} from '#kit';
import { argumentsToRun } from '#src/queue/index';

/** More jobs of one key than can matter for a decision. */
const SAME_WORK = 20;

/** What replaying a job would do, told by the job's kind and by what happened since; and the decision itself. */
export function createDeadLetterAdmin(ports: JobPorts, jobKinds: readonly AnyJobKind[]): DeadLetterAdmin {
  const { store } = ports;
  const kinds = new Map(jobKinds.map((kind) => [kind.kind, kind]));

  async function plan(letter: DeadLetterRow): Promise<ReplayPlan> {
    const nothing = { upgraded: null, effects: null, problem: null };
    const refused = (reason: string): ReplayPlan => ({ verdict: 'impossible', reason, ...nothing });
    if (letter.state === 'replaying') return refused('It runs again already.');
    if (letter.state === 'succeeded') return { verdict: 'not-needed', reason: 'It succeeded since.', ...nothing };
    const row = await store.outbox.get(letter.jobId);
    if (row === null)
      return refused('The job itself is not kept any more: ask for the work anew, and discard this one.');
    if (row.state !== 'failed') return refused(`The job is ${row.state}: only a failed one can be replayed.`);
    const kind = kinds.get(letter.kind);
    if (kind === undefined) return refused(`This version of Outturn knows no job of the kind ${letter.kind}.`);
    if (letter.version > kind.version)
      return refused(
        `Its arguments are of version ${letter.version}, this Outturn knows ${kind.version}: replay it with the newer one.`,
      );
    let args: unknown;
    try {
      args = argumentsToRun(kind, row.version, row.args);
    } catch (thrown) {
      return refused(`Its arguments do not fit any more: ${ports.redact(asOutturnError(thrown).message)}`);
    }
    const upgraded = row.version < kind.version ? { from: row.version, to: kind.version } : null;
    let effects: ReplayPlan['effects'] = null;
    let problem: string | null = null;
    try {
      effects = (await kind.preview?.(args, ports)) ?? null;
    } catch (thrown) {
      problem = ports.redact(asOutturnError(thrown).message);
    }
    const reason = (await doneOtherwise(row, letter)) ?? (isDone(effects) ? 'All that it would do is done.' : null);
    return { verdict: reason === null ? 'replay' : 'not-needed', reason, upgraded, effects, problem };
  }

  /** Equal work that was asked for since, and is open or was done. */
  async function doneOtherwise(row: OutboxRow, letter: DeadLetterRow): Promise<string | null> {
    if (row.dedupeKey === null) return null;
    const others = (await store.jobs.ofKey(row.kind, row.dedupeKey, SAME_WORK)).filter(({ id }) => id !== row.id);
    const open = others.find((other) => other.acknowledgedAtMs === null);
    if (open !== undefined) return `The job ${open.id.slice(0, 8)} of the same work is ${wordOf(open)}.`;
    const done = others.find(
      (other) => other.state === 'succeeded' && (other.acknowledgedAtMs ?? 0) > letter.lastFailedAtMs,
    );
    return done === undefined ? null : `The job ${done.id.slice(0, 8)} has done the same work since.`;
  }

  return {
    plan,
    replay: (jobId, by) =>
      store.transaction(async (tx) => {
        if (!(await tx.outbox.replay(jobId))) return false;
        await tx.deadLetters.replayed(jobId, by);
        return true;
      }),
    discard: (jobId, by, reason) => store.deadLetters.discard(jobId, by, reason),
  };
}

const isDone = (effects: ReplayPlan['effects']): boolean =>
  effects !== null && effects.length > 0 && effects.every(({ state }) => state === 'done');

const wordOf = (row: OutboxRow): string => (row.state === 'running' ? 'running' : 'waiting');
