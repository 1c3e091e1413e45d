/** CSV files and JSON lines, below the configuration folder or in S3, as measurements or cost lines. */
import { type ConnectorContext, defineConnector } from '#kit';
import { checkStream } from './check.ts';
import { type FileOptions, type FileStream, optionsSchema, streamSchema } from './options.ts';
import { parsePage } from './parse.ts';
import { pullFiles } from './pull.ts';

export const file = defineConnector<FileOptions, FileStream>({
  kind: 'file',
  summary: 'CSV files and JSON lines, local or in S3, as measurements or cost lines.',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: false, http: false },
  // Files come when somebody writes them: no number of rows can be expected.
  timing: () => ({ intervalMs: 0 }),
  // Every file is read whole; what S3 is asked depends on how many there are.
  extent: ({ path }) => ({ isWindowed: false, requests: path.startsWith('s3://') ? null : 0 }),
  check: async (_ctx: ConnectorContext<FileOptions>) => [],
  checkStream,
  discover: async () => [],
  pull: pullFiles,
  parse: parsePage,
});
