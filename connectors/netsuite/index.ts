import { defineConnector } from '#kit';
import { parsePage } from './answer.ts';
import { checkAccount, checkQuery } from './check.ts';
import { discoverStreams } from './discover.ts';
import { addressOf, type NetsuiteOptions, type NetsuiteStream, optionsSchema, streamSchema } from './options.ts';
import { pullRows } from './pull.ts';

/** Oracle NetSuite: rows of SuiteQL by SuiteTalk REST. */
export const netsuite = defineConnector<NetsuiteOptions, NetsuiteStream>({
  kind: 'netsuite',
  summary: 'Rows of SuiteQL from Oracle NetSuite, as cost lines or measurements',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: true },
  auth: ['jwt', 'oauth2', 'bearer'],
  defaultUrl: addressOf,
  // Oracle, "Concurrency Governance and Session Management": a request ends after 15 minutes. How many may run at a time
  // depends on the account's service tier, and all of its integrations share them: nothing is assumed.
  defaults: () => ({ timeoutMs: 15 * 60_000 }),
  tuning: ['pageSize', 'daysPerQuery'],
  // Documents come when somebody posts them: no number of rows can be expected.
  timing: () => ({ intervalMs: 0 }),
  extent: ({ cursor }) => ({ isWindowed: cursor !== undefined, requests: null }),
  check: checkAccount,
  checkStream: checkQuery,
  discover: discoverStreams,
  pull: pullRows,
  parse: parsePage,
});
