/** The European Central Bank's euro foreign exchange reference rates. */
import { type ConnectorContext, defineConnector } from '#kit';
import { checkStream, discoverRates } from './check.ts';
import { type EcbOptions, type EcbStream, optionsSchema, streamSchema } from './options.ts';
import { parsePage } from './parse.ts';
import { pullFiles } from './pull.ts';

export const ecb = defineConnector<EcbOptions, EcbStream>({
  kind: 'ecb',
  summary: "The European Central Bank's reference rates of the euro, from its XML or CSV files",
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: false, costs: false, quotes: true, discover: true },
  // Holidays have no rates: no number of them can be expected.
  timing: () => ({ intervalMs: 0 }),
  extent: (stream) =>
    stream.path === undefined ? { isWindowed: true, requests: 1 } : { isWindowed: false, requests: 0 },
  check: async (_ctx: ConnectorContext<EcbOptions>) => [],
  checkStream,
  discover: discoverRates,
  pull: pullFiles,
  parse: parsePage,
});
