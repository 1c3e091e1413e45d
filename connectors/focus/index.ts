/** Cloud bills in the FinOps Open Cost and Usage Specification (FOCUS), as cost lines or quantities. */
import { type ConnectorContext, defineConnector } from '#kit';
import { parsePage } from './answer.ts';
import { checkStream } from './check.ts';
import { type FocusOptions, type FocusStream, optionsSchema, streamSchema } from './options.ts';
import { pullBills } from './pull.ts';

export const focus = defineConnector<FocusOptions, FocusStream>({
  kind: 'focus',
  summary: 'Cloud bills in FOCUS (CSV, gzip), local or in S3, as cost lines by day, project and service.',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: false, http: false },
  // Bills come when the provider writes them: no number of lines can be expected.
  timing: () => ({ intervalMs: 0 }),
  extent: ({ path }) => ({ isWindowed: false, requests: path.startsWith('s3://') ? null : 0 }),
  check: async (_ctx: ConnectorContext<FocusOptions>) => [],
  checkStream,
  discover: async () => [],
  pull: (ctx) => pullBills(ctx),
  parse: parsePage,
});
