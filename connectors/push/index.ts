/** Sources that send by themselves: rows by HTTP, series by Prometheus remote write. */
import { defineConnector, PermanentError, type PushOptions, type PushStream } from '#kit';
import { optionsSchema, streamSchema } from './options.ts';
import { parsePage } from './parse.ts';

export const push = defineConnector<PushOptions, PushStream>({
  kind: 'push',
  summary: 'What senders push: measurements and costs by HTTP, and what a Prometheus writes to us.',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: false, http: false, pull: false },
  timing: (stream) => ({
    intervalMs: stream.accepts === 'prometheus' ? stream.step : stream.accepts === 'costs' ? 0 : (stream.interval ?? 0),
  }),
  extent: () => ({ isWindowed: false, requests: 0 }),
  // There is nobody to ask: what came and when is known by the store, which `outturn check` reads.
  check: async () => [],
  checkStream: async () => [],
  discover: async () => [],
  async *pull({ streamId }) {
    throw new PermanentError('usage', `stream ${streamId} is sent to: there is nobody to pull from`, {
      hint: 'Let the sender send again; what is stored already is not stored twice.',
    });
  },
  parse: parsePage,
});
