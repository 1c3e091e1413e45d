/** What a project may hold: schema, rules and the entity made of it; one for YAML and API. */
export { buildProject } from './build.ts';
export {
  type KnownSources,
  type KnownStream,
  knownFxRates,
  knownSources,
  knownStream,
  type ProjectContext,
} from './context.ts';
export { type FxRateInput, fxRateSchema } from './fx-schema.ts';
export { buildPortfolio, type PortfolioInput, portfolioProblems, portfolioSchema } from './portfolio-schema.ts';
export type { ProjectProblem } from './problem.ts';
export { repairProject, stillHolds } from './repair.ts';
export { projectProblems } from './rules.ts';
export { type ProjectInput, projectSchema } from './schema.ts';
export { checkStretches } from './stretches.ts';
