import { z } from 'zod';

/** Who does it, beside that it came by HTTP: the token is everybody's. */
export const by = z.string().trim().min(1).max(200).default('api');
export const reason = z.string().trim().min(1).max(500);
/** No body at all is an empty one. */
export const optionalBody = <T extends z.ZodType>(schema: T) => z.preprocess((value) => value ?? undefined, schema);

export const pageLimit = z.coerce.number().int().min(1).max(1000).default(50);
/** The id of the last one of the page before. */
export const after = z.string().min(1).max(200).optional();
export const since = z.iso.datetime({ offset: true }).optional();

/** A page, and where the next one begins; null when this is the last. */
export const nextAfter = (rows: readonly { id: string }[], limit: number): string | null =>
  rows.length < limit ? null : (rows.at(-1)?.id ?? null);
