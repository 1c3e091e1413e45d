import type { Project } from '../../domain/types.ts';

/** Distance between two samples of a stream, as its connector declares it. */
export interface DeclaredInterval {
  connector: string;
  stream: string;
  intervalMs: number;
}

/** A project as it is to be in force. */
export interface ProjectDraft {
  project: Project;
  /**
   * Its plans by id as a person wrote them: what a frozen plan took from the metrics may differ by now, what was written may
   * not. Absent: unknown, so the plans themselves must be the same.
   */
  writtenPlans?: Readonly<Record<string, unknown>> | undefined;
  /** The whole as it was sent to the API. Absent: a file has it. */
  written?: unknown;
  /** Of the streams that it reads, so that a past figure can be found again after a connector was changed. Absent: none. */
  intervals?: readonly DeclaredInterval[] | undefined;
}

/** One definition of a project, in force from `recordedAtMs` to the next version. Immutable. */
export interface ProjectVersion {
  /** 1 for the first, +1 for each further one. */
  version: number;
  project: Project;
  /** SHA-256 of the stored text. */
  definitionHash: string;
  managed: Project['managed'];
  /** From then on it is not in force; the definition is the last one before. */
  isRetired: boolean;
  intervals: DeclaredInterval[];
  /** As it was sent to the API; null: a file has it. */
  written: unknown;
  recordedAtMs: number;
  /** `config`, `api:<name of the token>`, `cli (<user>)`. */
  recordedBy: string;
  reason: string | null;
}

/** A plan as it was frozen. Immutable. */
export interface FrozenPlan {
  projectId: string;
  plan: Project['plans'][number];
  /** As it was written; null: unknown. */
  written: unknown;
  recordedAtMs: number;
  recordedBy: string;
}

export interface AppliedProjects {
  created: string[];
  /** Also those that came back after they had been retired. */
  changed: string[];
  retired: string[];
}

/** Who changes a project, and why. */
export interface ProjectChangedBy {
  by: string;
  reason?: string | null | undefined;
}

/** The truth about projects, with their history. */
export interface ProjectRepository {
  /**
   * Makes the projects that are managed by configuration equal to these: a new version of each that differs, and one that
   * retires each that is not among them. Those made by API stay as they are. All of it or nothing.
   * Throws `config/frozen-plan`; `config/duplicate-id` where a project made by API is in force under the same id.
   */
  apply(drafts: readonly ProjectDraft[], options: ProjectChangedBy): Promise<AppliedProjects>;
  /**
   * Creates or replaces a project made by API. `ifVersion`: the version that it replaces, null where there must be none in
   * force. The same definition again writes nothing.
   * Throws `api/conflict` where the configuration manages it, `api/precondition-failed` where another version is in force,
   * `config/frozen-plan`.
   */
  put(
    draft: ProjectDraft,
    options: ProjectChangedBy & { ifVersion: number | null },
  ): Promise<{ version: ProjectVersion; outcome: 'created' | 'changed' | 'unchanged' }>;
  /** Takes a project made by API out of force. Throws as `put`, and `not-found`. */
  retire(id: string, options: ProjectChangedBy & { ifVersion: number | null }): Promise<ProjectVersion>;
  /** Those in force, by id. */
  list(): Promise<Project[]>;
  /** The newest definition, also of a retired one: its snapshots still speak of it. */
  get(id: string): Promise<Project | null>;
  /** The newest version of each project by id, after `after`; retired ones only if asked for. */
  page(options: {
    after?: string | undefined;
    limit: number;
    retired?: boolean | undefined;
  }): Promise<ProjectVersion[]>;
  /** What was recorded by then, retired or not; null: it was not defined yet. */
  versionAt(id: string, knownAtMs: number): Promise<ProjectVersion | null>;
  /** Newest first. `before`: only lower version numbers. */
  versions(
    id: string,
    options?: { before?: number | undefined; limit?: number | undefined },
  ): Promise<ProjectVersion[]>;
  /** Its frozen plans, in the order that they were stored. */
  frozenPlans(id: string): Promise<FrozenPlan[]>;
}
