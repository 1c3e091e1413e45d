/** OData V2 and V4: SAP S/4HANA and CAP, Dynamics 365 Finance and Business Central, and whatever else speaks it. */
import { defineConnector, mapRows, type ParseContext, type ParsedPage, PermanentError, type RawPage } from '#kit';
import { businessCentralUrl } from './address.ts';
import { readAnswer } from './answer.ts';
import { sourceRows } from './cells.ts';
import { checkService, checkStream } from './check.ts';
import { discoverStreams } from './discover.ts';
import { limitsOf } from './limits.ts';
import { type ODataOptions, type ODataStream, optionsSchema, streamSchema } from './options.ts';
import { pullPages } from './pull.ts';

function parsePage(page: RawPage, { stream }: ParseContext<ODataOptions, ODataStream>): ParsedPage {
  const { version, firstRow } = page.meta;
  if ((version !== 'v2' && version !== 'v4') || typeof firstRow !== 'number')
    throw new PermanentError('source/bad-shape', 'the page does not say which OData version it is');
  const rows = sourceRows(readAnswer(page.body, version).rows, firstRow, stream);
  const wallClock = version === 'v2' && (stream.cursor?.type === 'date' || stream.cursor?.type === 'datetime');
  return mapRows(rows, stream, {
    wallClockFields: wallClock && stream.cursor !== undefined ? [stream.cursor.field] : [],
  });
}

export const odata = defineConnector<ODataOptions, ODataStream>({
  kind: 'odata',
  summary: 'Rows of an OData V2 or V4 service, as measurements or cost lines (SAP, Dynamics 365 and others).',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: true },
  // Documents come when somebody posts them: no number of rows can be expected.
  timing: () => ({ intervalMs: 0 }),
  tuning: ['pageSize', 'count', 'rewriteLinks', 'paging'],
  defaultUrl: businessCentralUrl,
  defaults: limitsOf,
  extent: ({ cursor }) => ({ isWindowed: cursor !== undefined, requests: null }),
  check: checkService,
  checkStream,
  discover: discoverStreams,
  pull: pullPages,
  parse: parsePage,
});
