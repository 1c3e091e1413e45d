import { defineConnector, rawPage } from '#kit';
import { parseMatrix } from './answer.ts';
import { checkQuery, checkServer } from './check.ts';
import { discoverMetrics } from './discover.ts';
import { type PrometheusOptions, type PrometheusStream, prometheusOptions, prometheusStream } from './options.ts';
import { chunksOf, completeToMs, countChunks, queryRange } from './query-range.ts';

/** Prometheus and what speaks its HTTP API: Thanos, Mimir, Cortex, VictoriaMetrics. */
export const prometheus = defineConnector<PrometheusOptions, PrometheusStream>({
  kind: 'prometheus',
  summary: 'Numbers that PromQL gives, from Prometheus, Thanos, Mimir or VictoriaMetrics',
  options: prometheusOptions,
  stream: prometheusStream,
  capabilities: { measurements: true, costs: false, discover: true },
  extent: (stream, window) => ({ isWindowed: true, requests: countChunks(window, stream) }),
  tuning: ['pointsPerRequest'],
  timing: (stream) => ({ intervalMs: stream.step }),
  check: checkServer,
  checkStream: checkQuery,
  discover: discoverMetrics,
  async *pull({ http, options, stream, streamId, window }) {
    for (const chunk of chunksOf(window, stream)) {
      const { response, shownUrl } = await queryRange(http, options, stream, streamId, chunk);
      const meta = { stepMs: stream.step, sample: stream.sample, ...chunk };
      const page = rawPage({ request: { method: 'POST' }, response }, meta, completeToMs(chunk, window, stream));
      yield { ...page, request: { method: 'POST', url: shownUrl } };
    }
  },
  parse: parseMatrix,
});
