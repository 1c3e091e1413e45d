/** ERPNext and whatever else runs on the Frappe framework: documents of any DocType, as measurements or cost lines. */
import { defineConnector } from '#kit';
import { parsePage } from './answer.ts';
import { checkSite, checkStream } from './check.ts';
import { discoverStreams } from './discover.ts';
import { type ErpnextOptions, type ErpnextStream, optionsSchema, streamSchema } from './options.ts';
import { pullPages } from './pull.ts';
import { session } from './requests.ts';

export const erpnext = defineConnector<ErpnextOptions, ErpnextStream>({
  kind: 'erpnext',
  summary: 'Documents of ERPNext or another Frappe site, as measurements or cost lines: ledger, timesheets, invoices.',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: true },
  auth: ['header', 'oauth2', 'bearer', 'basic', 'session'],
  session,
  // Documents come when somebody enters them: no number of rows can be expected.
  timing: () => ({ intervalMs: 0 }),
  tuning: ['pageSize', 'api'],
  extent: ({ cursor }) => ({ isWindowed: cursor !== 'none', requests: null }),
  check: checkSite,
  checkStream,
  discover: discoverStreams,
  pull: pullPages,
  parse: parsePage,
});
