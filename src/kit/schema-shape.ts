import type { z } from 'zod';

type Shape = Readonly<Record<string, z.core.$ZodType>>;

/** The schemas of objects and lists below wrappers and unions. */
export function unwrapped(schema: z.core.$ZodType, depth = 0): z.core.$ZodTypes[] {
  const known = schema as z.core.$ZodTypes;
  const { def } = known._zod;
  if (depth > 20) return [];
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return unwrapped(def.innerType, depth + 1);
    case 'pipe':
      return unwrapped(def.in, depth + 1);
    case 'lazy':
      return unwrapped(def.getter(), depth + 1);
    case 'union':
      return def.options.flatMap((option) => unwrapped(option, depth + 1));
    default:
      return [known];
  }
}

/** What objects that were unwrapped say of one of their fields. */
export function fieldSchemas(inner: readonly z.core.$ZodTypes[], key: string): z.core.$ZodType[] {
  const shapes = inner.flatMap(({ _zod: { def } }) => (def.type === 'object' ? [def.shape as Shape] : []));
  return shapes.flatMap((shape) => (Object.hasOwn(shape, key) ? [shape[key] as z.core.$ZodType] : []));
}
