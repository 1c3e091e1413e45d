import type { z } from 'zod';
import { type LocatedMap, nodeAt, plain } from './located.ts';
import { secretsByName } from './named-secrets.ts';
import type { PathPart, ProblemList } from './problems.ts';
import { secretsIn } from './schema/walk.ts';

/** Warns of passwords, tokens and keys that stand in a file as they are: whoever may read the file has them. */
export function checkPlainSecrets(root: LocatedMap, schema: z.core.$ZodType, problems: ProblemList): void {
  const fields = secretsIn(schema, plain(root));
  const named = secretsByName(root).filter(({ path }) => !fields.some((field) => isSame(field.path, path)));
  for (const { path, value } of [...fields, ...named]) {
    const node = nodeAt(root, path);
    if (node?.type !== 'scalar' || node.interpolated || node.source.includes('${') || value === '') continue;
    if (!isSecret(path, value)) continue;
    problems.add(
      node.place,
      path,
      'config/plain-secret',
      'a secret stands in the file as it is: write ${env:NAME}, ${file:path} or ${secret:NAME}',
      { severity: 'warning' },
    );
  }
}

const isSame = (a: readonly PathPart[], b: readonly PathPart[]): boolean =>
  a.length === b.length && a.every((part, index) => part === b[index]);

/** A proxy or a data source name is a secret for its password alone. */
function isSecret(path: readonly PathPart[], value: string): boolean {
  const name = path.at(-1);
  if (name !== 'proxy' && name !== 'dsn') return true;
  return !URL.canParse(value) || new URL(value).password !== '';
}
