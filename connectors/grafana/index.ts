import { defineConnector, rawPage } from '#kit';
import { parseFrames } from './answer.ts';
import { checkQuery, checkServer } from './check.ts';
import { discoverPanels } from './discover.ts';
import { type GrafanaOptions, type GrafanaStream, grafanaOptions, grafanaStream } from './options.ts';
import { askFrames, countQueries, piecesOf, uidOf } from './query.ts';

/** Whatever a Grafana can ask, by its data-source proxy. */
export const grafana = defineConnector<GrafanaOptions, GrafanaStream>({
  kind: 'grafana',
  summary: 'Numbers of any data source that a Grafana has, as its panels show them',
  options: grafanaOptions,
  stream: grafanaStream,
  capabilities: { measurements: true, costs: false, discover: true },
  auth: ['bearer', 'basic', 'header', 'oauth2'],
  extent: (stream, window) => {
    const pieces = countQueries(window, stream);
    // A name is looked up first.
    return { isWindowed: true, requests: pieces > 0 && stream.dataSource.uid === undefined ? pieces + 1 : pieces };
  },
  tuning: ['pointsPerRequest', 'serviceAccount'],
  timing: (stream) => ({ intervalMs: stream.step }),
  check: checkServer,
  checkStream: checkQuery,
  discover: discoverPanels,
  async *pull(ctx) {
    const { stream, window, signal } = ctx;
    let uid: string | null = null;
    for (const piece of piecesOf(window, stream)) {
      signal.throwIfAborted();
      uid ??= await uidOf(ctx);
      const response = await askFrames(ctx, uid, piece);
      yield rawPage(
        { request: { method: 'POST' }, response },
        { stepMs: stream.step, sample: stream.sample, stamp: stream.stamp ?? 'start', ...piece },
        Math.min(Math.max(piece.toMs, window.fromMs), window.toMs),
      );
    }
  },
  parse: parseFrames,
});
