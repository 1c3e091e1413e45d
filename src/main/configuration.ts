import { type Config, PermanentError } from '#kit';
import {
  type ConfigProblem,
  configJsonSchema,
  formatProblem,
  type LoadInput,
  type LoadResult,
  loadConfig,
} from '#src/config/index';
import { checkExpression } from '#src/extract/index';
import { shortestIntervalMs, validateCron } from '#src/schedule/index';
import type { Environment } from './environment.ts';
import { connectorKinds, jobKinds } from './registry.ts';

export { type ConfigProblem, formatProblem };

/**
 * Reads and checks the whole configuration; secrets found in it are redacted from then on. No network: `${secret:}` counts
 * as there, its value as unknown, unless `lookUpSecret` gives it.
 */
export async function readConfig(
  environment: Environment,
  more: Pick<LoadInput, 'files' | 'lookUpSecret' | 'missing' | 'withoutStreams'> = {},
): Promise<LoadResult> {
  const result = await loadConfig({
    directory: environment.configDirectory,
    env: environment.variables,
    kinds: connectorKinds,
    jobKinds: jobKinds.map((job) => job.kind),
    validateCron,
    shortestIntervalMs,
    checkExpression,
    ...more,
  });
  for (const secret of result.config?.secrets ?? []) environment.redactor.add(secret);
  return result;
}

/**
 * What `readConfig` reads, or one error that carries every problem, one a line. A connector that refers to what is not there
 * (a variable, a file, a secret) is unreadable, and the others are not kept from working.
 */
export async function requireLoaded(
  environment: Environment,
  more: Pick<LoadInput, 'files' | 'lookUpSecret' | 'withoutStreams'> = {},
): Promise<LoadResult & { config: Config }> {
  const result = await readConfig(environment, { missing: 'stops', ...more });
  const { config, problems } = result;
  const errors = problems.filter((problem) => problem.severity === 'error');
  // A command is not the place to be told this again and again: `outturn validate` and `outturn doctor` are.
  for (const problem of problems)
    if (problem.severity === 'warning') environment.log.info({ code: problem.code }, formatProblem(problem));
  if (config !== null && errors.length === 0) return { ...result, config };
  const [first] = errors;
  throw new PermanentError(first?.code ?? 'config/not-found', errors.map(formatProblem).join('\n'), {
    hint: 'Mend the configuration; `outturn validate` checks it without running anything.',
    facts: { problems: errors },
  });
}

/** JSON Schema of the YAML files, for editors. */
export const editorSchema = (): object => configJsonSchema(connectorKinds);
