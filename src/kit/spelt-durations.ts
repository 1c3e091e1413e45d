import type { z } from 'zod';
import { formatDurationMs, isDurationSchema } from './duration.ts';
import { fieldSchemas, unwrapped } from './schema-shape.ts';

/** The schemas of what stands at a path below a schema; none where it leads elsewhere. Elements of lists have any name. */
export function schemasAt(schema: z.core.$ZodType | undefined, path: readonly string[]): z.core.$ZodType[] {
  let found = schema === undefined ? [] : [schema];
  for (const part of path) found = below(found, part);
  return found;
}

function below(schemas: readonly z.core.$ZodType[], part: string): z.core.$ZodType[] {
  const inner = schemas.flatMap((schema) => unwrapped(schema));
  return [
    ...fieldSchemas(inner, part),
    ...inner.flatMap(({ _zod: { def } }) =>
      def.type === 'array' ? [def.element] : def.type === 'record' ? [def.valueType] : [],
    ),
  ];
}

/** A copy in which each duration is spelt as people write it: 30000 becomes `30s` where the schema says that it is one. */
export function speltDurations(value: unknown, schemas: readonly z.core.$ZodType[]): unknown {
  if (typeof value === 'number') return schemas.some(isDuration) ? formatDurationMs(value) : value;
  if (Array.isArray(value)) return value.map((item, index) => speltDurations(item, below(schemas, String(index))));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, speltDurations(field, below(schemas, key))]),
  );
}

function isDuration(schema: z.core.$ZodType, depth = 0): boolean {
  if (isDurationSchema(schema)) return true;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return depth < 20 && 'innerType' in def && isDuration(def.innerType, depth + 1);
}
