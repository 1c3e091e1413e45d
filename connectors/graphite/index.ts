import { defineConnector, rawPage } from '#kit';
import { parseSeries } from './answer.ts';
import { checkServer, checkTarget } from './check.ts';
import { discoverMetrics } from './discover.ts';
import { type GraphiteOptions, type GraphiteStream, graphiteOptions, graphiteStream } from './options.ts';
import { chunksOf, countChunks, render } from './render.ts';

/** Graphite and what speaks its render API: carbonapi, go-graphite, Grafana Cloud Graphite. */
export const graphite = defineConnector<GraphiteOptions, GraphiteStream>({
  kind: 'graphite',
  summary: 'Numbers that a Graphite target gives, from Graphite, carbonapi or Grafana Cloud',
  options: graphiteOptions,
  stream: graphiteStream,
  capabilities: { measurements: true, costs: false, discover: true },
  auth: ['none', 'basic', 'bearer', 'header', 'query', 'oauth2'],
  extent: (stream, window) => ({ isWindowed: true, requests: countChunks(window, stream) }),
  tuning: ['pointsPerRequest'],
  timing: (stream) => ({ intervalMs: stream.step }),
  check: checkServer,
  checkStream: checkTarget,
  discover: discoverMetrics,
  async *pull({ http, stream, streamId, window, signal }) {
    for (const chunk of chunksOf(window, stream)) {
      signal.throwIfAborted();
      const response = await render(http, stream, streamId, chunk);
      yield rawPage(
        { request: { method: 'POST' }, response },
        { stepMs: stream.step, sample: stream.sample, ...chunk },
        Math.min(chunk.lastMs + stream.step, window.toMs),
      );
    }
  },
  parse: parseSeries,
});
