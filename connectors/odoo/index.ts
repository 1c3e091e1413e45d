/** Odoo: records of any model by JSON-2 (19 and later) or JSON-RPC, as measurements or cost lines. */
import { defineConnector } from '#kit';
import { parsePage } from './answer.ts';
import { checkServer, checkStream } from './check.ts';
import { discoverStreams } from './discover.ts';
import { type OdooOptions, type OdooStream, optionsSchema, streamSchema } from './options.ts';
import { pullPages } from './pull.ts';
import { session } from './rpc.ts';

export const odoo = defineConnector<OdooOptions, OdooStream>({
  kind: 'odoo',
  summary: 'Records of an Odoo database, as measurements or cost lines: timesheets, analytic lines, journal items.',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: true },
  auth: ['bearer', 'session', 'none'],
  session,
  // Records come when somebody enters them: no number of rows can be expected.
  timing: () => ({ intervalMs: 0 }),
  tuning: ['pageSize', 'api', 'username', 'apiKey'],
  extent: ({ cursor }) => ({ isWindowed: cursor !== 'none', requests: null }),
  check: checkServer,
  checkStream,
  discover: discoverStreams,
  pull: pullPages,
  parse: parsePage,
});
