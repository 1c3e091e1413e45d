import { z } from 'zod';
import type { PathPart } from '../problems.ts';

type Definition = z.core.$ZodTypes['_zod']['def'];
const definitionOf = (schema: z.core.$ZodType): Definition => (schema as z.core.$ZodTypes)._zod.def;

const isSecret = (schema: z.core.$ZodType): boolean => z.globalRegistry.get(schema)?.secret === true;
const isExpression = (schema: z.core.$ZodType): boolean => z.globalRegistry.get(schema)?.['expression'] !== undefined;

interface Alternative {
  schema: z.core.$ZodType;
  /** It, or a wrapper on the way to it, is marked so. */
  secret: boolean;
}

/** The schemas below wrappers and unions that say what a value looks like. */
function alternatives(schema: z.core.$ZodType, secret = false, depth = 0): Alternative[] {
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

/**
 * What may stand at one place, all alternatives together: a connector is one of many kinds, and a walk that followed each of
 * them for each value would take seconds for a fleet. Made on demand, and once.
 */
class Position {
  readonly isSecret: boolean;
  readonly isExpression: boolean;
  readonly #alternatives: readonly Alternative[];
  readonly #children = new Map<string, Position | null>();
  /** Below an element of a list, or a key that a mapping may choose. Undefined: not asked for yet. */
  #others: Position | null | undefined;

  constructor(schemas: readonly z.core.$ZodType[]) {
    this.#alternatives = schemas.flatMap((schema) => alternatives(schema));
    this.isSecret = this.#alternatives.some(({ secret }) => secret);
    this.isExpression = this.#alternatives.some(({ schema }) => isExpression(schema));
  }

  /** Of strict mappings, each once. */
  get keys(): string[] {
    const shapes = this.#alternatives.map(({ schema }) => definitionOf(schema));
    return [...new Set(shapes.flatMap((def) => (def.type === 'object' ? Object.keys(def.shape) : [])))];
  }

  /** Null: nothing is known to stand there. */
  below(part: PathPart): Position | null {
    const known = typeof part === 'string' ? this.#children.get(part) : undefined;
    if (known !== undefined) return known;
    const named = typeof part === 'string' ? this.#named(part) : [];
    if (named.length === 0) {
      if (this.#others === undefined) this.#others = positionOf(this.#chosen());
      return this.#others;
    }
    const child = positionOf([...named, ...this.#chosen()]);
    this.#children.set(String(part), child);
    return child;
  }

  #named(key: string): z.core.$ZodType[] {
    return this.#alternatives.flatMap(({ schema }) => {
      const def = definitionOf(schema);
      const child = def.type === 'object' && Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
      return child === undefined ? [] : [child];
    });
  }

  #chosen(): z.core.$ZodType[] {
    return this.#alternatives.flatMap(({ schema }) => {
      const def = definitionOf(schema);
      return def.type === 'record' ? [def.valueType] : def.type === 'array' ? [def.element] : [];
    });
  }
}

const positionOf = (schemas: readonly z.core.$ZodType[]): Position | null =>
  schemas.length === 0 ? null : new Position([...new Set(schemas)]);

const tops = new WeakMap<z.core.$ZodType, Position>();
function top(schema: z.core.$ZodType): Position {
  const position = tops.get(schema) ?? new Position([schema]);
  tops.set(schema, position);
  return position;
}

/** Keys that the schema knows at a path below it. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PathPart[]): string[] {
  return path.reduce<Position | null>((at, part) => at?.below(part) ?? null, top(schema))?.keys ?? [];
}

interface FoundText {
  path: readonly PathPart[];
  value: string;
}

/** Every text in `value` that stands in a field marked as an expression (JSONata), with its path. */
export function expressionsIn(schema: z.core.$ZodType, value: unknown): FoundText[] {
  const found: FoundText[] = [];
  walk(top(schema), value, [], (position, text, path) => {
    if (position.isExpression && typeof text === 'string') found.push({ path: [...path], value: text });
  });
  return found;
}

/** Every text in `value` that stands in a field marked secret, with its path. */
export function secretsIn(schema: z.core.$ZodType, value: unknown): FoundText[] {
  const found: FoundText[] = [];
  walk(top(schema), value, [], (position, text, path) => {
    if (position.isSecret) found.push({ path: [...path], value: String(text) });
  });
  return found;
}

/** `path` is one list that changes as the walk goes on. */
function walk(
  position: Position,
  value: unknown,
  path: PathPart[],
  visit: (position: Position, text: string | number, path: readonly PathPart[]) => void,
): void {
  if (typeof value === 'string' || typeof value === 'number') {
    visit(position, value, path);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const entries: Iterable<[PathPart, unknown]> = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [part, child] of entries) {
    const below = position.below(part);
    if (below === null) continue;
    path.push(part);
    walk(below, child, path, visit);
    path.pop();
  }
}

/** The object schemas that a schema may turn out to be. */
export function objectVariants(schema: z.core.$ZodType): z.ZodObject[] {
  return alternatives(schema).flatMap(({ schema: one }) => (one instanceof z.ZodObject ? [one] : []));
}
