import { type CsvError, parse as parseCsv } from 'csv-parse/sync';
import { XMLParser } from 'fast-xml-parser';
import { asRecord, type Extractor, PermanentError, parseFaithfulJson, RetryableError } from '#kit';
import { segmentsOf } from './build-request.ts';
import type { RequestOptions } from './request-options.ts';

/** An answer, read by what its request says it is. */
export interface AnswerDocument {
  /** Plain values; numbers that a double cannot hold are texts. */
  value(): unknown;
  /** The same as JSON, for JSONata. */
  json(): string;
  /** Where a list without entries is not there at all. */
  omitsEmptyLists: boolean;
}

/** Reads lazily. `value` and `json` throw `source/bad-shape` naming what is wrong. */
export function readDocument(body: string, { format, csv }: Pick<RequestOptions, 'format' | 'csv'>): AnswerDocument {
  let read: { value: unknown } | null = null;
  const once = (make: () => unknown): unknown => {
    read ??= { value: make() };
    return read.value;
  };
  if (format === 'json') return { value: () => once(() => parsedJson(body)), json: () => body, omitsEmptyLists: false };
  const make = {
    ndjson: () => readLines(body),
    csv: () => readCsv(body, csv),
    xml: () => readXml(body),
    text: () => body,
  };
  const value = (): unknown => once(make[format]);
  return { value, json: () => JSON.stringify(value()), omitsEmptyLists: format === 'xml' };
}

function parsedJson(body: string): unknown {
  try {
    return parseFaithfulJson(body);
  } catch (thrown) {
    throw new PermanentError('source/bad-shape', 'the page is not whole JSON', { cause: thrown });
  }
}

function readLines(body: string): unknown[] {
  refuseHtml(body, 'NDJSON');
  return body.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [parseFaithfulJson(line)];
    } catch (thrown) {
      throw new PermanentError('source/bad-shape', `line ${index + 1} is not JSON`, {
        hint: 'With format: ndjson each line is one JSON document.',
        cause: thrown,
      });
    }
  });
}

function readCsv(body: string, csv: RequestOptions['csv']): Record<string, string>[] {
  refuseEmpty(body, 'CSV');
  refuseHtml(body, 'CSV');
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parseCsv(body, {
      bom: true,
      delimiter: csv.delimiter,
      from_line: csv.skipLines + 1,
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: 1_000_000,
      trim: true,
    }) as unknown as typeof records;
  } catch (thrown) {
    const { lines, message } = thrown as Partial<CsvError>;
    throw new PermanentError('source/bad-shape', `line ${lines ?? '?'} is not CSV: ${message ?? ''}`, {
      cause: thrown,
    });
  }
  const columns = csv.header ?? records.shift()?.record ?? [];
  return records.map(({ record, info }) => {
    if (record.length !== columns.length)
      throw new PermanentError(
        'source/bad-shape',
        `line ${info.lines}: ${record.length} columns, where the header has ${columns.length}`,
        { hint: `The delimiter is ${JSON.stringify(csv.delimiter)}; lines before the header: csv.skipLines.` },
      );
    return Object.fromEntries(columns.map((name, index) => [name, record[index] ?? '']));
  });
}

/**
 * Attributes become `@name`, text beside them `#text`, namespaces go. A document type is refused: entities could draw in
 * other files or ever longer texts.
 */
function readXml(body: string): unknown {
  refuseEmpty(body, 'XML');
  refuseHtml(body, 'XML');
  if (/<!(DOCTYPE|ENTITY)/i.test(body))
    throw new PermanentError('source/bad-shape', 'the answer declares a document type, which is not read');
  try {
    const parsed: unknown = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '@',
      removeNSPrefix: true,
      parseTagValue: false,
      parseAttributeValue: false,
      ignoreDeclaration: true,
      ignorePiTags: true,
    }).parse(body, true);
    return parsed;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.split('\n')[0] : 'cannot be read';
    throw new PermanentError('source/bad-shape', `the answer is not well-formed XML: ${reason}`, { cause: thrown });
  }
}

/** While asking, `pagesOf` has found that out already, and may ask again. */
function refuseEmpty(body: string, format: string): void {
  if (body.trim() === '') throw new PermanentError('source/bad-shape', `the answer is empty, where ${format} was due`);
}

function refuseHtml(body: string, format: string): void {
  if (/^\s*<(!doctype html|html)/i.test(body))
    throw new PermanentError(
      'source/bad-shape',
      `the answer is an HTML page, not ${format}, beginning with ${JSON.stringify(body.replace(/\s+/g, ' ').slice(0, 80))}`,
      { hint: 'A login page or a proxy may have answered in place of the source: check url and auth.' },
    );
}

export const isPointer = (locator: string): boolean => locator === '' || locator.startsWith('/');

/** What stands at a JSON pointer or what JSONata gives; undefined: nothing. */
export async function locate(
  document: AnswerDocument,
  locator: string,
  extract: Extractor,
  bindings: Record<string, unknown> = {},
): Promise<unknown> {
  if (isPointer(locator)) return pointed(document.value(), segmentsOf(locator));
  return await extract.evaluate({ expression: locator, body: document.json(), bindings });
}

export function pointed(value: unknown, segments: readonly string[]): unknown {
  let current = value;
  for (const segment of segments) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, segment)) return undefined;
    current = Reflect.get(current, segment);
  }
  return current;
}

/** What stands at a field such as `assignee.name`; a field of that very name comes first. Null on the way gives null. */
export function fieldOf(row: unknown, name: string): unknown {
  const record = asRecord(row);
  if (record !== null && Object.hasOwn(record, name)) return record[name];
  let current = row;
  for (const segment of name.split('.')) {
    if (current === null) return null;
    if (typeof current !== 'object' || !Object.hasOwn(current, segment)) return undefined;
    current = Reflect.get(current, segment);
  }
  return current;
}

/** For messages: what there is in place of what was looked for. */
export function outlineOf(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  const record = asRecord(value);
  if (record === null) return value === null ? 'null' : `a ${typeof value}`;
  return `an object with ${Object.keys(record).slice(0, 10).join(', ') || 'nothing in it'}`;
}
