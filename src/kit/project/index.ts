/** What a project may hold: schema, rules and the entity made of it; one for YAML and API. */
export { buildProject } from './build.ts';
export type { KnownSources, KnownStream, ProjectContext } from './context.ts';
export { type FxRateInput, fxRateSchema } from './fx-schema.ts';
export type { ProjectProblem } from './problem.ts';
export { projectProblems } from './rules.ts';
export { type ProjectInput, projectSchema } from './schema.ts';
export { checkStretches } from './stretches.ts';
