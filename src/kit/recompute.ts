import {
  computeRoi,
  engineVersion,
  inputsHash,
  type LocalDate,
  localDateAt,
  type RoiInput,
  restatementsBetween,
  versionsOf,
} from '../domain/index.ts';
import type { Config } from './config.ts';
import { PermanentError } from './errors.ts';
import type { Clock, Registry } from './ports.ts';
import { type CurrentInput, loadCurrentInput, loadRoiInput } from './roi-input.ts';
import type { ProjectVersion, Repositories, RoiSnapshot } from './store/index.ts';

interface RecomputePorts {
  config: Config;
  registry: Registry;
  clock: Clock;
  newId(): string;
}
interface RecomputeRequest {
  projectId: string;
  asOf: LocalDate | undefined;
  /** Reads every period anew. */
  full: boolean;
  signal: AbortSignal;
  progress(done: number, total: number): void;
}
export interface RecomputeResult {
  snapshot: RoiSnapshot;
  /** False: the same inputs had given it before. */
  created: boolean;
  /** Marks of changed periods that were taken into account. */
  dirty: number;
  /** Periods read out of their samples; the others were kept. */
  reread: number;
  periods: number;
  /** Figures that had been counted and were found to be others: rows of the ledger. */
  restated: number;
}

interface Now {
  defined: ProjectVersion;
  /** Every row that this transaction sees was recorded by then. */
  knownAtMs: number;
  today: LocalDate;
}

/** The project in force and its local date. Throws `not-found`, naming those that there are. */
export async function definitionNow(
  { projects, seenAtMs }: Pick<Repositories, 'projects' | 'seenAtMs'>,
  clock: Clock,
  projectId: string,
): Promise<Now> {
  const [defined] = await projects.versions(projectId, { limit: 1 });
  // After the first statement, with which a transaction of one instant begins to see; and not before what it saw.
  const knownAtMs = Math.max(seenAtMs() ?? clock.nowMs(), defined?.recordedAtMs ?? 0);
  if (defined === undefined || defined.isRetired) {
    const known = (await projects.list()).map(({ id }) => id);
    throw new PermanentError('not-found', `There is no project ${projectId} in force`, {
      hint: `Known projects: ${known.join(', ') || 'none'}.`,
    });
  }
  return { defined, knownAtMs, today: localDateAt(knownAtMs, defined.project.timeZone) };
}

/**
 * As of today (or no date): from the readings kept and the periods that have changed since; takes the marks and keeps the new
 * readings. As of a date in the past: every period is read, as known now, and the marks stay. Saves the snapshot and, where it
 * is the current one now, writes what it restates to the ledger. All of it in the caller's transaction of one instant, or none.
 * Throws `not-found`, `queue/invalid-arguments` for a date to come.
 */
export async function recompute(
  ports: RecomputePorts,
  repositories: Repositories,
  { projectId, asOf: wanted, full, signal, progress }: RecomputeRequest,
): Promise<RecomputeResult> {
  const now = await definitionNow(repositories, ports.clock, projectId);
  const { defined, today } = now;
  const asOf = wanted ?? today;
  // A snapshot of a day to come would count as the newest until that day.
  if (asOf > today) throw new PermanentError('queue/invalid-arguments', `asOf: ${asOf} is to come, today is ${today}`);
  await repositories.lock(`project:${projectId}`);
  // What is marked meanwhile belongs to the recompute that the marking pull asks for.
  const dirty = asOf === today ? await repositories.dirty.take(projectId) : [];
  const { input, reread, periods } =
    asOf === today
      ? await loadCurrentInput(ports, repositories, defined, { today, dirty, full })
      : counted(await loadRoiInput(ports, repositories, defined, { asOf, today }));
  signal.throwIfAborted();
  progress(1, 2);
  const before = await repositories.snapshots.latest(projectId);
  const { snapshot, created } = await save(ports, repositories, now, input);
  const current = await repositories.snapshots.latest(projectId);
  const restated =
    before === null || current?.id !== snapshot.id || before.id === snapshot.id
      ? 0
      : await recordRestatements(repositories, defined, before, snapshot);
  progress(2, 2);
  return { snapshot, created, dirty: dirty.length, reread, periods, restated };
}

function counted(input: RoiInput): CurrentInput {
  const periods = input.metrics.reduce((sum, metric) => sum + metric.periods.length + metric.baseline.length, 0);
  return { input, reread: periods, periods };
}

async function save(
  ports: RecomputePorts,
  repositories: Repositories,
  { defined, knownAtMs }: Now,
  input: RoiInput,
): Promise<{ snapshot: RoiSnapshot; created: boolean }> {
  return await repositories.snapshots.save({
    id: ports.newId(),
    projectId: defined.project.id,
    asOf: input.asOf,
    knownAtMs,
    engineVersion,
    inputsHash: inputsHash(input),
    versions: versionsOf(input, defined.version),
    outputs: computeRoi(input),
  });
}

async function recordRestatements(
  { restatements }: Repositories,
  { project }: ProjectVersion,
  before: RoiSnapshot,
  now: RoiSnapshot,
): Promise<number> {
  const between = { projectId: project.id, oldSnapshotId: before.id, newSnapshotId: now.id };
  const benefits = restatementsBetween(now.outputs, before.outputs);
  return (
    (await restatements.recordBenefits({ ...between, currency: now.outputs.currency }, benefits)) +
    (await restatements.recordCosts(between, project.costSources))
  );
}
