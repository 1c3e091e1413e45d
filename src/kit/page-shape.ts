import type { z } from 'zod';
import { PermanentError } from './errors.ts';
import { asRecord, parseExactJson } from './exact-json.ts';

/** The error of an answer that is not what its vendor documents: `source/bad-shape`. */
export type BadShape = (message: string, hint?: string) => PermanentError;

/** That error with the hint of the kind, where the place has no better one. */
export function badShapeWith(usualHint: string): BadShape {
  return (message, hint = usualHint) => new PermanentError('source/bad-shape', message, { hint });
}

/** The body of an archived page; numbers are doubles. Throws `source/bad-shape` for what is not JSON. */
export function pageJson(body: string, place: string, badShape: BadShape): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw badShape(`${place}: the page is not JSON`);
  }
}

/** The same, with every number as the digits that came. */
export function exactPageJson(body: string, place: string): unknown {
  try {
    return parseExactJson(body);
  } catch (thrown) {
    throw new PermanentError('source/bad-shape', `${place}: the page is not whole JSON`, { cause: thrown });
  }
}

/** The objects of a list; `what` is one of them in messages. Throws `source/bad-shape` for anything else among them. */
export function recordsIn(list: readonly unknown[], place: string, what = 'record'): Record<string, unknown>[] {
  return list.map((entry, index) => {
    const record = asRecord(entry);
    if (record !== null) return record;
    throw new PermanentError('source/bad-shape', `${place}: ${what} ${index + 1} is no object`);
  });
}

/** What `pull` archived beside the body. Throws `source/bad-shape` naming what lacks or has another form. */
export function pageMeta<T>(meta: Record<string, unknown>, shape: z.ZodType<T>, place: string, badShape: BadShape): T {
  const read = shape.safeParse(meta);
  if (read.success) return read.data;
  const missing = [...new Set(read.error.issues.map(({ path }) => String(path[0])))];
  throw badShape(`${place}: the archived page lacks ${missing.join(', ')}`);
}
