import {
  computeRoi,
  inputsHash,
  type LocalDate,
  localDateAt,
  type Project,
  type RoiInput,
  type RoiOutputs,
} from '../domain/index.ts';
import type { Config } from './config.ts';
import { PermanentError } from './errors.ts';
import type { Clock, Registry } from './ports.ts';
import { loadRoiInput } from './roi-input.ts';
import type { Store } from './store/index.ts';

/** A project's figures as of a date, from what was recorded by an instant. */
export interface FiguresAt {
  project: Project;
  asOf: LocalDate;
  knownAtMs: number;
  input: RoiInput;
  inputsHash: string;
  outputs: RoiOutputs;
}

/**
 * Computes a project's figures as of a date from what was recorded by `knownAtMs` (absent: now): samples, costs, exchange rates
 * and the definition as they were then. Writes nothing. The same arguments give the same bytes after any number of
 * restatements. Throws `not-found` for a project that was not defined by then.
 */
export async function figuresAt(
  ports: { config: Config; registry: Registry; store: Store; clock: Clock },
  projectId: string,
  { asOf: wanted, knownAtMs: until }: { asOf?: LocalDate | undefined; knownAtMs?: number | undefined } = {},
): Promise<FiguresAt> {
  const knownAtMs = until ?? ports.clock.nowMs();
  return ports.store.transaction(
    async (repositories) => {
      const project = await repositories.projects.get(projectId);
      if (project === null) throw new PermanentError('not-found', `No project ${projectId}`);
      const today = localDateAt(knownAtMs, project.timeZone);
      const asOf = wanted ?? today;
      const input = await loadRoiInput(ports, repositories, project, { asOf, today, knownAtMs });
      return { project, asOf, knownAtMs, input, inputsHash: inputsHash(input), outputs: computeRoi(input) };
    },
    { oneInstant: true },
  );
}
