/** Tryton: records of any model by JSON-RPC, as measurements or cost lines. */
import { defineConnector } from '#kit';
import { parsePage } from './answer.ts';
import { checkServer, checkStream } from './check.ts';
import { discoverStreams } from './discover.ts';
import { optionsSchema, streamSchema, type TrytonOptions, type TrytonStream } from './options.ts';
import { pullPages } from './pull.ts';
import { session } from './rpc.ts';

export const tryton = defineConnector<TrytonOptions, TrytonStream>({
  kind: 'tryton',
  summary: 'Records of a Tryton server, as measurements or cost lines: timesheets, analytic lines, postings.',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: true },
  auth: ['session', 'basic'],
  session,
  // Records come when somebody enters them: no number of rows can be expected.
  timing: () => ({ intervalMs: 0 }),
  tuning: ['pageSize'],
  extent: ({ cursor }) => ({ isWindowed: cursor !== 'none', requests: null }),
  check: checkServer,
  checkStream,
  discover: discoverStreams,
  pull: pullPages,
  parse: parsePage,
});
