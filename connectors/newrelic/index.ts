import { defineConnector } from '#kit';
import { parseBuckets } from './answer.ts';
import { checkAccounts, checkStream } from './check.ts';
import { discoverData } from './discover.ts';
import { type NewRelicOptions, type NewRelicStream, newrelicOptions, newrelicStream } from './options.ts';
import { countRequests, pullBuckets } from './pull.ts';

/** What the way and the answer take besides the query. */
const ANSWER_MS = 5_000;

/** New Relic: events and metrics by NRQL, through NerdGraph. */
export const newrelic = defineConnector<NewRelicOptions, NewRelicStream>({
  kind: 'newrelic',
  summary: 'Numbers that NRQL gives, from New Relic by NerdGraph',
  options: newrelicOptions,
  stream: newrelicStream,
  capabilities: { measurements: true, costs: false, discover: true },
  auth: ['header'],
  defaultUrl: ({ region }) => (region === 'eu' ? 'https://api.eu.newrelic.com' : 'https://api.newrelic.com'),
  // New Relic, "Rate limits with NRQL": 3,000 queries of an account a minute. The answer comes when the query is over.
  defaults: ({ queryTimeout, async }) => ({
    requestsPerMinute: 3000,
    ...(async ? {} : { timeoutMs: queryTimeout + ANSWER_MS }),
  }),
  tuning: ['bucketsPerRequest', 'queryTimeout', 'async'],
  timing: (stream) => ({ intervalMs: stream.step }),
  // In the background a query is asked after: how often, only the source knows.
  extent: (stream, window) => ({ isWindowed: true, requests: countRequests(window, stream) }),
  check: checkAccounts,
  checkStream,
  discover: discoverData,
  pull: pullBuckets,
  parse: parseBuckets,
});
