import { z } from 'zod';
import type { PathPart } from '../problems.ts';

type Definition = z.core.$ZodTypes['_zod']['def'];
const definitionOf = (schema: z.core.$ZodType): Definition => (schema as z.core.$ZodTypes)._zod.def;

const isSecret = (schema: z.core.$ZodType): boolean => z.globalRegistry.get(schema)?.secret === true;

/** The schemas below wrappers and unions that say what a value looks like; `secret` when one on the way is. */
function alternatives(
  schema: z.core.$ZodType,
  secret = false,
  depth = 0,
): { schema: z.core.$ZodType; secret: boolean }[] {
  const here = secret || isSecret(schema);
  const def = definitionOf(schema);
  if (depth > 20) return [];
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return alternatives(def.innerType, here, depth + 1);
    case 'pipe':
      return alternatives(def.in, here, depth + 1);
    case 'lazy':
      return alternatives(def.getter(), here, depth + 1);
    case 'union':
      return def.options.flatMap((option) => alternatives(option, here, depth + 1));
    case 'intersection':
      return [...alternatives(def.left, here, depth + 1), ...alternatives(def.right, here, depth + 1)];
    default:
      return [{ schema, secret: here }];
  }
}

function childrenAt(schema: z.core.$ZodType, part: PathPart): z.core.$ZodType[] {
  return alternatives(schema).flatMap(({ schema: one }) => {
    const def = definitionOf(one);
    if (def.type === 'object' && typeof part === 'string') {
      const child = Object.hasOwn(def.shape, part) ? def.shape[part] : undefined;
      return child === undefined ? [] : [child];
    }
    if (def.type === 'record') return [def.valueType];
    if (def.type === 'array') return [def.element];
    return [];
  });
}

/** Keys that the schema knows at a path below it. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PathPart[]): string[] {
  let found: z.core.$ZodType[] = [schema];
  for (const part of path) found = found.flatMap((one) => childrenAt(one, part));
  const keys = found
    .flatMap((one) => alternatives(one))
    .flatMap(({ schema: leaf }) => {
      const def = definitionOf(leaf);
      return def.type === 'object' ? Object.keys(def.shape) : [];
    });
  return [...new Set(keys)];
}

/** Every text in `value` that stands in a field marked as an expression (JSONata), with its path. */
export function expressionsIn(
  schema: z.core.$ZodType,
  value: unknown,
  path: readonly PathPart[] = [],
): { path: readonly PathPart[]; value: string }[] {
  if (typeof value === 'string') return alternatives(schema).some(isExpression) ? [{ path, value }] : [];
  if (typeof value !== 'object' || value === null) return [];
  const entries: [PathPart, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([part, child]) =>
    childrenAt(schema, part).flatMap((one) => expressionsIn(one, child, [...path, part])),
  );
}

const isExpression = ({ schema }: { schema: z.core.$ZodType }): boolean =>
  z.globalRegistry.get(schema)?.['expression'] !== undefined;

/** Every text in `value` that stands in a field marked secret, with its path. */
export function secretsIn(
  schema: z.core.$ZodType,
  value: unknown,
  path: readonly PathPart[] = [],
): { path: readonly PathPart[]; value: string }[] {
  if (typeof value === 'string' || typeof value === 'number')
    return alternatives(schema).some((one) => one.secret) ? [{ path, value: String(value) }] : [];
  if (typeof value !== 'object' || value === null) return [];
  const entries: [PathPart, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([part, child]) =>
    childrenAt(schema, part).flatMap((one) => secretsIn(one, child, [...path, part])),
  );
}

/** The object schemas that a schema may turn out to be. */
export function objectVariants(schema: z.core.$ZodType): z.ZodObject[] {
  return alternatives(schema).flatMap(({ schema: one }) => (one instanceof z.ZodObject ? [one] : []));
}
