import type { z } from 'zod';
import type { Config } from './config.ts';
import * as fields from './fields.ts';
import type { Registry } from './ports.ts';
import {
  buildProject,
  knownFxRates,
  knownSources,
  type ProjectContext,
  projectProblems,
  projectSchema,
  repairProject,
  stillHolds,
} from './project/index.ts';
import { declaredIntervals } from './project-drafts.ts';
import type { ProjectDraft } from './store/index.ts';

/** One thing that is wrong with a project that somebody sent. */
export interface RequestProblem {
  /** JSON Pointer (RFC 6901) to the place in the document; empty: the whole. */
  pointer: string;
  message: string;
}

/**
 * A project as it was sent, by the schema and the rules of the YAML files. All problems at once: also what the rules say of
 * the parts that do fit, when others do not. `draft` is null when one of them is an error.
 */
export function readProject(
  id: string,
  raw: unknown,
  { config, registry }: { config: Config; registry: Registry },
): { draft: ProjectDraft | null; errors: RequestProblem[]; warnings: RequestProblem[] } {
  const context: ProjectContext = {
    fxRates: knownFxRates(
      config.fxRates,
      config.connectors.map(({ kind }) => registry.connectorKind(kind)),
    ),
    sources: knownSources(config.connectors, (kind) => registry.connectorKind(kind)),
    portfolios: config.portfolios.map((portfolio) => portfolio.id),
  };
  const errors: RequestProblem[] = [];
  const warnings: RequestProblem[] = [];
  if (!fields.id.safeParse(id).success)
    errors.push({ pointer: '/id', message: 'must be a name such as checkout-rewrite' });
  const parsed = projectSchema.safeParse(raw);
  if (!parsed.success) errors.push(...parsed.error.issues.flatMap(issueProblems));
  const repaired = parsed.success ? { project: parsed.data, spoilt: [] } : repairProject(raw);
  for (const problem of repaired === null ? [] : projectProblems(id, repaired.project, context))
    if (stillHolds(problem, repaired?.spoilt ?? []))
      (problem.severity === 'error' ? errors : warnings).push({
        pointer: pointerTo(problem.path),
        message:
          problem.suggestion === null ? problem.message : `${problem.message}; did you mean ${problem.suggestion}?`,
      });
  if (!parsed.success || errors.length > 0) return { draft: null, errors, warnings };
  const project = buildProject(id, parsed.data, { timeZone: config.settings.timeZone, managed: 'api' });
  const intervals = declaredIntervals({ config, registry }, project);
  return { draft: { project, writtenPlans: parsed.data.plans, written: raw, intervals }, errors, warnings };
}

/** `/metrics/failed~1lost/rates/0`: `~` and `/` in keys are escaped. */
export const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

type Issue = z.core.$ZodIssue;

function issueProblems(issue: Issue): RequestProblem[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), message: 'is not a known field' }));
  if (issue.code === 'invalid_key')
    return issue.issues.map((inner) => ({ pointer: pointerTo(issue.path), message: inner.message }));
  if (issue.code === 'invalid_union' && /^Invalid input/.test(issue.message)) {
    // Of the alternatives the one that was probably meant: the one with the fewest complaints about the whole.
    const weight = (branch: readonly Issue[]): number =>
      branch.reduce((sum, inner) => sum + (inner.path.length === 0 ? 100 : 1), 0);
    const [best] = [...issue.errors].sort((a, b) => weight(a) - weight(b));
    if (best !== undefined && best.length > 0)
      return best.flatMap((inner) => issueProblems({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  const isMissing = issue.code === 'invalid_type' && /received undefined$/.test(issue.message);
  return [{ pointer: pointerTo(issue.path), message: isMissing ? 'is required' : plain(issue.message) }];
}

/** What the library says by itself, in the manner of the other messages. */
const plain = (message: string): string =>
  message
    .replace(/^Invalid (?:input|option): expected/, 'expected')
    .replace(/^Too (?:small|big): expected/, 'expected');
