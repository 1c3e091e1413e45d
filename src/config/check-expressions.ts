import type { AnyConnectorKind } from '#kit';
import { type LocatedEntry, nodeAt, placeAt, plain, textAt } from './located.ts';
import type { ProblemList } from './problems.ts';
import { connectorSchema } from './schema/root.ts';
import { expressionsIn } from './schema/walk.ts';

/** All that is wrong. `position`: characters of the expression before the mistake; null: unknown. */
export type CheckExpression = (
  expression: string,
) => readonly { message: string; position: number | null; suggestion: string | null }[];

/** JSONata in fields of connectors that are marked so. A JSON pointer may stand in most of them, and is none. */
export function checkExpressions(
  connectors: Iterable<LocatedEntry>,
  kinds: readonly AnyConnectorKind[],
  check: CheckExpression,
  problems: ProblemList,
): void {
  for (const { key, value: node } of connectors) {
    const word = textAt(node, ['kind']);
    const kind = kinds.find((candidate) => candidate.kind === word);
    if (kind === undefined) continue;
    const seen = new Set<string>();
    for (const { path, value } of expressionsIn(connectorSchema(kind), plain(node))) {
      const place = JSON.stringify(path);
      const found = nodeAt(node, path);
      const isUnknown = found?.type === 'scalar' && (found.unresolved || found.pending);
      // Alternatives of a union may know the same field.
      if (seen.has(place) || isUnknown || value === '' || value.startsWith('/')) continue;
      seen.add(place);
      // The library quotes the expression, and a piece out of the environment may be a secret.
      const mayBeQuoted = found?.type !== 'scalar' || !found.interpolated;
      for (const { message, position, suggestion } of check(value)) {
        const at = position === null ? '' : `, at ${lineAndColumn(value, position)} of it`;
        problems.add(
          placeAt(node, path),
          ['connectors', key, ...path],
          'config/invalid-value',
          `the expression cannot be read${mayBeQuoted ? `: ${message}` : ''}${at}`,
          { suggestion: mayBeQuoted ? suggestion : null },
        );
      }
    }
  }
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return before.length === 1 ? `character ${column}` : `line ${before.length}, character ${column}`;
}
