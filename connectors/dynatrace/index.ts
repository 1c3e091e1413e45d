import { defineConnector } from '#kit';
import { parsePoints } from './answer.ts';
import { checkEnvironment, checkStream } from './check.ts';
import { discoverMetrics } from './discover.ts';
import { type DynatraceOptions, type DynatraceStream, dynatraceOptions, dynatraceStream } from './options.ts';
import { countRequests, pullPoints } from './pull.ts';

/** Dynatrace, SaaS and Managed: metrics by the Metrics API v2. */
export const dynatrace = defineConnector<DynatraceOptions, DynatraceStream>({
  kind: 'dynatrace',
  summary: 'Numbers that a metric selector gives, from Dynatrace SaaS or Managed',
  options: dynatraceOptions,
  stream: dynatraceStream,
  capabilities: { measurements: true, costs: false, discover: true },
  auth: ['header', 'bearer', 'oauth2'],
  defaultUrl: ({ environment, platform }) =>
    environment === undefined ? null : `https://${environment}.${platform ? 'apps' : 'live'}.dynatrace.com`,
  tuning: ['pointsPerRequest', 'tokenId'],
  timing: (stream) => ({ intervalMs: stream.step }),
  extent: (stream, window) => ({ isWindowed: true, requests: countRequests(window, stream) }),
  check: checkEnvironment,
  checkStream,
  discover: discoverMetrics,
  pull: pullPoints,
  parse: parsePoints,
});
