import type { Located, LocatedMap, LocatedScalar } from './located.ts';
import { nodeAt } from './located.ts';
import type { PathPart } from './problems.ts';

/** Headers are few: what smells of a key is one. */
const SECRET_HEADER = /auth|token|key|secret|cookie|password|credential/i;
/** Fields are many, and `author` or `page_token` is none. */
const SECRET_FIELD =
  /passw(?:or)?d|passphrase|secret|credential|cookie|api[-_.]?key|private[-_.]?key|subscription[-_.]?key|^authorization$|^(?:(?:access|api|auth|bearer|refresh|session)[-_.]?)?token$/i;
/** What a request sends, in which a person names the fields: no schema knows which of them is a secret. */
const FIELDS_OF_REQUESTS = new Set(['query', 'form', 'json', 'parameters', 'values']);

export interface NamedSecret {
  path: PathPart[];
  value: string;
  node: LocatedScalar;
}

/** Texts of connectors that their own name gives away: `headers: { X-Api-Key: … }`, `form: { password: … }`. Templates are none. */
export function secretsByName(root: LocatedMap): NamedSecret[] {
  const connectors = nodeAt(root, ['connectors']);
  return connectors === undefined ? [] : [...within(connectors, ['connectors'], null)];
}

function* within(node: Located, path: PathPart[], names: RegExp | null): Generator<NamedSecret> {
  if (node.type === 'list') {
    for (const [index, item] of node.items.entries()) yield* within(item, [...path, index], names);
    return;
  }
  if (node.type === 'scalar') {
    const name = path.findLast((part) => typeof part === 'string') ?? '';
    const { value } = node;
    if (names?.test(String(name)) !== true || typeof value !== 'string' || value.includes('{{')) return;
    yield { path, value, node };
    return;
  }
  for (const { key, value } of node.entries.values()) {
    const below = key === 'headers' ? SECRET_HEADER : FIELDS_OF_REQUESTS.has(key) ? SECRET_FIELD : names;
    yield* within(value, [...path, key], value.type === 'scalar' ? names : below);
  }
}
