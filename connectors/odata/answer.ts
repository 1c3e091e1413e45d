import { PermanentError, parseExactJson, RetryableError, shownValue } from '#kit';
import { errorText } from './error-text.ts';
import type { ODataVersion } from './options.ts';

/** One page of an answer; numbers are the digits of the JSON text, so that no decimal goes through a float. */
export interface Answer {
  rows: Record<string, unknown>[];
  /** The server's own link to the next page, to be followed as it is. */
  nextLink: string | null;
  /** Rows that the whole query has, where the service counted. */
  count: number | null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function badShape(what: string, version: ODataVersion): PermanentError {
  return new PermanentError(
    'source/bad-shape',
    `the answer is not an OData ${version.toUpperCase()} collection: ${what}`,
    {
      hint: `Check url, entitySet and version (${version === 'v4' ? 'an older service may need version: v2' : 'a newer service may need version: v4'}).`,
    },
  );
}

/** Reads one page. Throws `source/bad-shape` when it is not what the version documents. */
export function readAnswer(body: string, version: ODataVersion): Answer {
  let document: unknown;
  try {
    document = parseExactJson(body);
  } catch (thrown) {
    throw new PermanentError('source/bad-shape', 'the page is not whole JSON', { cause: thrown });
  }
  if (!isRecord(document)) throw badShape('it is no object', version);
  if (document['error'] !== undefined)
    // OData 4.01 part 1, In-Stream Errors: an error after the answer began stands in the body of a 200.
    throw new RetryableError('source/server-error', `the service broke off: ${errorText(body) ?? 'no reason given'}`);
  return version === 'v4' ? readV4(document) : readV2(document);
}

function readV4(document: Record<string, unknown>): Answer {
  const rows = document['value'];
  if (!Array.isArray(rows))
    throw badShape(`there is no "value" array, but ${Object.keys(document).slice(0, 5).join(', ') || 'nothing'}`, 'v4');
  return {
    rows: checkedRows(rows, 'v4'),
    nextLink: optionalText(document['@odata.nextLink'] ?? document['@nextLink'], '@odata.nextLink', 'v4'),
    count: optionalCount(document['@odata.count'] ?? document['@count'], 'v4'),
  };
}

function readV2(document: Record<string, unknown>): Answer {
  const data = document['d'];
  if (Array.isArray(data)) return { rows: checkedRows(data, 'v2'), nextLink: null, count: null };
  const rows = isRecord(data) ? data['results'] : undefined;
  if (!isRecord(data) || !Array.isArray(rows))
    throw badShape(
      `there is neither "d.results" nor a "d" array, but ${Object.keys(document).slice(0, 5).join(', ')}`,
      'v2',
    );
  return {
    rows: checkedRows(rows, 'v2'),
    nextLink: optionalText(data['__next'], 'd.__next', 'v2'),
    count: optionalCount(data['__count'], 'v2'),
  };
}

function checkedRows(rows: unknown[], version: ODataVersion): Record<string, unknown>[] {
  return rows.map((row, index) => {
    if (!isRecord(row)) throw badShape(`entry ${index + 1} is no object`, version);
    return row;
  });
}

function optionalText(value: unknown, name: string, version: ODataVersion): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw badShape(`${name} is no text`, version);
  return value;
}

function optionalCount(value: unknown, version: ODataVersion): number | null {
  if (value === undefined || value === null) return null;
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(count)) throw badShape(`the count is ${shownValue(value)}`, version);
  return count;
}
