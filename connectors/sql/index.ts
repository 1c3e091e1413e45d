/** Queries of a PostgreSQL database, read only, as measurements or cost lines. */
import { defineConnector } from '#kit';
import { parsePage } from './answer.ts';
import { checkDatabase, checkStream } from './check.ts';
import { discoverRelations } from './discover.ts';
import { optionsSchema, type SqlOptions, type SqlStream, streamSchema } from './options.ts';
import { pullRows } from './pull.ts';
import { parametersOf, windowParameters } from './query.ts';

export const sql = defineConnector<SqlOptions, SqlStream>({
  kind: 'sql',
  summary: 'Queries of a PostgreSQL database, read only, as measurements or cost lines.',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: true, http: false },
  timing: ({ interval }) => ({ intervalMs: interval ?? 0 }),
  extent: ({ query }) => {
    const used = parametersOf(query);
    return { isWindowed: windowParameters.some((name) => used.includes(name)), requests: 1 };
  },
  check: checkDatabase,
  checkStream,
  discover: discoverRelations,
  pull: pullRows,
  parse: parsePage,
});
