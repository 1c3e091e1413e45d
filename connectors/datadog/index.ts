import { defineConnector } from '#kit';
import { parsePoints } from './answer.ts';
import { checkKeys, checkStream } from './check.ts';
import { discoverMetrics } from './discover.ts';
import { type DatadogOptions, type DatadogStream, datadogOptions, datadogStream } from './options.ts';
import { pullPoints } from './pull.ts';
import { countRequests } from './request.ts';

/** Datadog: metrics, logs, RUM and traces by its timeseries query API. */
export const datadog = defineConnector<DatadogOptions, DatadogStream>({
  kind: 'datadog',
  summary: 'Numbers that a Datadog query gives: metrics, formulas, counts of logs and traces',
  options: datadogOptions,
  stream: datadogStream,
  capabilities: { measurements: true, costs: false, discover: true },
  auth: ['header', 'bearer', 'oauth2'],
  defaultUrl: ({ site }) => `https://api.${site}`,
  tuning: ['pointsPerRequest'],
  timing: (stream) => ({ intervalMs: stream.step }),
  extent: (stream, window) => ({ isWindowed: true, requests: countRequests(window, stream) }),
  check: checkKeys,
  checkStream,
  discover: discoverMetrics,
  pull: pullPoints,
  parse: parsePoints,
});
