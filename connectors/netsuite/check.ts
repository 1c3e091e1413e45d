import { type ConnectorContext, type Finding, firstRowLine, mapRows, type StreamContext, streamFinding } from '#kit';
import { cellsOf, readAnswer } from './answer.ts';
import type { NetsuiteOptions, NetsuiteStream } from './options.ts';
import { keyOf, type RowKey, refuseTwin, selectQuery } from './query.ts';
import { runSuiteql } from './suiteql.ts';

/** Rows in which check looks for twins. */
const ROWS_LOOKED_AT = 5;

/** Whether the account answers queries at all. What fails is thrown as a typed error. */
export async function checkAccount({ http, options }: ConnectorContext<NetsuiteOptions>): Promise<Finding[]> {
  const response = await runSuiteql(http, 'SELECT 1 AS one FROM dual', 1, 'check');
  readAnswer(response.body, 'check');
  return [
    { level: 'ok', aspect: 'connectivity', message: `SuiteQL of account ${options.accountId} answers.` },
    { level: 'ok', aspect: 'credentials', message: 'The integration is let in.' },
  ];
}

/** Names, permission and the first rows of the stream, read the way a pull reads them but without a window. */
export async function checkQuery(ctx: StreamContext<NetsuiteOptions, NetsuiteStream>): Promise<Finding[]> {
  const { http, stream, streamId } = ctx;
  const place = `stream ${streamId}`;
  const response = await runSuiteql(http, selectQuery(stream, null, null), ROWS_LOOKED_AT, place);
  const { rows, total } = readAnswer(response.body, place);
  const findings: Finding[] = [];
  const make = streamFinding(streamId);
  const finding = (...said: Parameters<typeof make>): void => void findings.push(make(...said));
  finding('ok', 'permission', 'Every record and column of the query is known and may be read.');
  let before: RowKey | null = null;
  for (const [index, row] of rows.entries()) {
    const key = keyOf(row, stream, `${place}, row ${index + 1}`);
    refuseTwin(before, key, stream, `${place}, row ${index + 1}`);
    before = key;
  }
  const [row] = rows;
  if (row === undefined) {
    finding('warning', 'sample', 'The query gives no row.', 'There is none yet, or where and the role leave out all.');
    return findings;
  }
  const page = mapRows([{ place: 'row 1', cells: cellsOf(row, stream) }], stream, { decimal: '.' });
  const sample = firstRowLine(page);
  const of = total === null ? '' : ` of ${total}`;
  if (sample === null) finding('warning', 'sample', `Row 1${of} gives nothing: ${page.warnings.join('; ')}`);
  else finding('ok', 'sample', `Row 1${of}: ${sample}`);
  if (total !== null && total > 0 && stream.cursor === undefined)
    finding(
      'warning',
      'cursor',
      `Every pull reads all ${total} rows.`,
      'Write cursor: t.lastmodifieddate (or the like) to read what was changed.',
    );
  return findings;
}
