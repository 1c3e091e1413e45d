import { asRecord, type Extractor, PermanentError } from '#kit';
import { segmentsOf } from './build-request.ts';
import { type AnswerDocument, fieldOf, isPointer, locate, outlineOf, pointed } from './document.ts';
import type { Reading } from './options.ts';

export type Row = Record<string, unknown>;

/** The rows of one answer. Throws `source/bad-shape` when they are not where the stream looks for them. */
export async function readRows(
  document: AnswerDocument,
  reading: Pick<Reading, 'rows' | 'series'>,
  extract: Extractor,
  bindings: Record<string, unknown>,
): Promise<Row[]> {
  if (reading.series === undefined) return await recordsAt(document, reading.rows, 'rows', extract, bindings);
  const { each, points, time, value } = reading.series;
  const rows: Row[] = [];
  for (const [index, series] of (await recordsAt(document, each, 'series.each', extract, bindings)).entries()) {
    const found = fieldOf(series, points);
    if (found === null) continue;
    if (!Array.isArray(found))
      throw badShape(`series ${index + 1} has no list ${points}, but is ${outlineOf(series)}`, 'Check series.points.');
    const { [points]: _, ...fields } = series;
    for (const point of found)
      rows.push({ ...fields, time: placed(point, time, index), value: placed(point, value, index) });
  }
  return rows;
}

function placed(point: unknown, place: string | number, series: number): unknown {
  const found = typeof place === 'number' && Array.isArray(point) ? point[place] : fieldOf(point, String(place));
  if (found !== undefined) return found;
  throw badShape(
    `a point of series ${series + 1} has no ${place}, but is ${outlineOf(point)}`,
    'Check series.time and series.value.',
  );
}

/** A list of anything: what the next request is made for. */
export async function readItems(
  document: AnswerDocument,
  locator: string,
  extract: Extractor,
  bindings: Record<string, unknown>,
): Promise<unknown[]> {
  const found = await soughtAt(document, locator, 'items', extract, bindings);
  return Array.isArray(found) ? found : [found];
}

async function recordsAt(
  document: AnswerDocument,
  locator: string,
  option: string,
  extract: Extractor,
  bindings: Record<string, unknown>,
): Promise<Row[]> {
  const found = await soughtAt(document, locator, option, extract, bindings);
  return (Array.isArray(found) ? found : [found]).map((row: unknown, index) => {
    const record = asRecord(row);
    if (record === null)
      throw badShape(
        Array.isArray(found)
          ? `entry ${index + 1} of ${option} is ${outlineOf(row)}, not an object`
          : `${option} leads to ${outlineOf(found)}, not to a list of objects`,
        'outturn check shows what the source answers with.',
      );
    return record;
  });
}

/** What the locator leads to; an empty list where that is nothing. Throws when there is not even a place for it. */
async function soughtAt(
  document: AnswerDocument,
  locator: string,
  option: string,
  extract: Extractor,
  bindings: Record<string, unknown>,
): Promise<unknown> {
  const found = await locate(document, locator, extract, bindings);
  if (found === null && locator !== '') return [];
  if (found !== undefined) return found;
  // JSONata gives nothing for an empty list as well as for a name that is not there; only the latter is wrong.
  const value = document.value();
  const path = isPointer(locator) ? segmentsOf(locator) : leadingNames(locator);
  const needed = document.omitsEmptyLists ? path.slice(0, -1) : path;
  const isEmptyList = Array.isArray(value) && value.length === 0 && path.length > 0;
  const isPlain = isPointer(locator) && !document.omitsEmptyLists;
  if (!isPlain && !isEmptyList && (path.length === 0 || isThere(value, needed))) return [];
  throw badShape(
    `there is nothing at ${locator === '' ? 'the top' : locator.slice(0, 80)}; the answer is ${outlineOf(value)}`,
    `Check ${option}: outturn check shows what the source answers with.`,
  );
}

function isThere(value: unknown, path: readonly string[]): boolean {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) return true;
  return list.some((one) => {
    const [head, ...rest] = path;
    if (head === undefined) return true;
    const inner = pointed(one, [head]);
    if (inner === undefined) return false;
    // What stands in entries of a list may be absent from all of them.
    return rest.length === 0 || inner === null || Array.isArray(inner) || isThere(inner, rest);
  });
}

/** The plain names that an expression begins with: `data.items` of `data.items[x > 1].{…}`. */
function leadingNames(expression: string): string[] {
  const [, path] =
    /^\s*(?:\$\.)?((?:[A-Za-z_]\w*|`[^`]*`)(?:\s*\.\s*(?:[A-Za-z_]\w*|`[^`]*`))*)(?!\s*[\w(])/.exec(expression) ?? [];
  return path === undefined ? [] : path.split('.').map((name) => name.trim().replace(/^`|`$/g, ''));
}

function badShape(message: string, hint: string): PermanentError {
  return new PermanentError('source/bad-shape', message, { hint });
}
