import { defineConnector } from '#kit';
import { parseMetricData } from './answer.ts';
import { checkMetric, checkRegion } from './check.ts';
import { discoverMetrics } from './discover.ts';
import {
  type CloudwatchOptions,
  type CloudwatchStream,
  cloudwatchOptions,
  cloudwatchStream,
  endpointOf,
} from './options.ts';
import { pullMetricData } from './pull.ts';

/** Amazon CloudWatch: metrics, metric math, SEARCH and Metrics Insights. */
export const cloudwatch = defineConnector<CloudwatchOptions, CloudwatchStream>({
  kind: 'cloudwatch',
  summary: 'Metrics of Amazon CloudWatch: statistics, percentiles, metric math and searches',
  options: cloudwatchOptions,
  stream: cloudwatchStream,
  capabilities: { measurements: true, costs: false, discover: true },
  auth: ['sigv4'],
  defaultUrl: endpointOf,
  tuning: ['pointsPerRequest', 'endpoint'],
  timing: (stream) => ({ intervalMs: stream.period }),
  // Each of the requests may come in several pages, by the number of series.
  extent: ({ period, pointsPerRequest }, { fromMs, toMs }) => ({
    isWindowed: true,
    requests: Math.ceil((Math.floor(toMs / period) - Math.floor(fromMs / period)) / pointsPerRequest),
  }),
  check: checkRegion,
  checkStream: checkMetric,
  discover: discoverMetrics,
  pull: pullMetricData,
  parse: parseMetricData,
});
