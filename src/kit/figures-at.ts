import {
  computeRoi,
  inputsHash,
  type LocalDate,
  localDateAt,
  type Project,
  type RoiInput,
  type RoiOutputs,
  type SnapshotVersions,
  versionsOf,
} from '../domain/index.ts';
import type { Config } from './config.ts';
import { PermanentError } from './errors.ts';
import type { Clock, Registry } from './ports.ts';
import { loadRoiInput } from './roi-input.ts';
import type { Store } from './store/index.ts';

/** What figures of any time are computed from. */
export interface FigurePorts {
  config: Config;
  registry: Registry;
  store: Store;
  clock: Clock;
}

/** A project's figures as of a date, from what was recorded by an instant. */
export interface FiguresAt {
  project: Project;
  asOf: LocalDate;
  knownAtMs: number;
  input: RoiInput;
  inputsHash: string;
  versions: SnapshotVersions;
  outputs: RoiOutputs;
}

/**
 * Computes a project's figures as of a date from what was recorded by `knownAtMs` (absent: now): samples, costs, exchange rates
 * and the definition as they were then. Writes nothing. The same arguments give the same bytes after any number of
 * restatements. Without `asOf` it is the project's local date at `knownAtMs`. Throws `not-found` for a project that was not
 * defined by then, `usage` for a date that was still to come then.
 */
export async function figuresAt(
  ports: FigurePorts,
  projectId: string,
  { asOf: wanted, knownAtMs: until }: { asOf?: LocalDate | undefined; knownAtMs?: number | undefined } = {},
): Promise<FiguresAt> {
  const knownAtMs = until ?? ports.clock.nowMs();
  return ports.store.transaction(
    async (repositories) => {
      const defined = await repositories.projects.versionAt(projectId, knownAtMs);
      if (defined === null) throw await notDefined(repositories, projectId, knownAtMs);
      const { project } = defined;
      const today = localDateAt(knownAtMs, project.timeZone);
      const asOf = wanted ?? today;
      if (asOf > today)
        throw new PermanentError(
          'usage',
          `${asOf} was still to come on ${today}, by which the figures are to be known`,
          {
            hint: 'Choose a date that is not after the one by which it was known.',
          },
        );
      const input = await loadRoiInput(ports, repositories, defined, { asOf, today, knownAtMs });
      return {
        project,
        asOf,
        knownAtMs,
        input,
        inputsHash: inputsHash(input),
        versions: versionsOf(input, defined.version),
        outputs: computeRoi(input),
      };
    },
    { oneInstant: true },
  );
}

async function notDefined(
  { projects }: Pick<Store, 'projects'>,
  projectId: string,
  knownAtMs: number,
): Promise<PermanentError> {
  const first = (await projects.versions(projectId, { limit: 1_000 })).at(-1);
  if (first === undefined) return new PermanentError('not-found', `There is no project ${projectId}`);
  return new PermanentError(
    'not-found',
    `The project ${projectId} was not defined by ${new Date(knownAtMs).toISOString()}`,
    { hint: `Its first definition was recorded ${new Date(first.recordedAtMs).toISOString()}.` },
  );
}
