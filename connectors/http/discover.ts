import { type CatalogEntry, type ConnectorContext, PermanentError } from '#kit';
import { firstPage } from './check.ts';
import { describeFields, guessFields, guessMapping } from './guess-mapping.ts';
import type { HttpOptions, Reading } from './options.ts';
import { bindingsOf } from './pull.ts';
import { readRows } from './rows.ts';

/** A stream for each entry of `explore`: its requests as written, the mapping guessed from the rows that they give. */
export async function discoverStreams(ctx: ConnectorContext<HttpOptions>): Promise<CatalogEntry[]> {
  if (Object.keys(ctx.options.explore).length === 0)
    throw new PermanentError('config/not-found', 'nothing says what to look at: the kind http knows no vendor', {
      hint: 'Add explore with a request for each list that the source offers: explore: { users: { requests: [{ path: /users }], rows: /users } }.',
    });
  const entries: CatalogEntry[] = [];
  for (const [id, reading] of Object.entries(ctx.options.explore)) {
    const page = await firstPage({ ...ctx, streamId: id, stream: reading });
    if (page === null || page.ignored !== null) continue;
    const rows = await readRows(page.document, reading, ctx.extract, bindingsOf(page.place));
    const fields = guessFields(rows);
    if (fields.length === 0) continue;
    entries.push({
      id,
      title: `${id}: ${describeFields(fields)}`,
      unit: null,
      stream: { ...written(reading), ...guessMapping(fields) },
    });
  }
  return entries;
}

/** Without what was not written. */
function written({ requests, rows, slice }: Reading): Record<string, unknown> {
  return {
    requests: requests.map(({ csv, format, headers, query, rules, ...request }) => ({
      ...request,
      ...(Object.keys(query).length > 0 ? { query } : {}),
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
      ...(rules.length > 0 ? { rules } : {}),
      ...(format === 'json' ? {} : { format }),
      ...(format === 'csv' ? { csv } : {}),
    })),
    ...(rows === '' ? {} : { rows }),
    ...(slice === undefined ? {} : { slice: `${slice}ms` }),
  };
}
