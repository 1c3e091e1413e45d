import { asRecord, fieldsToRead, mappedFields, namedCells, PermanentError, type SourceRow } from '#kit';
import type { ODataStream } from './options.ts';
import { convertedValue } from './units.ts';

/** The value below a path such as `Header/Currency`; undefined where a row has no such field. Throws `source/bad-shape`. */
export function valueAt(row: Readonly<Record<string, unknown>>, path: string, place: string): unknown {
  let value: unknown = row;
  const steps = path.split('/');
  for (const [index, step] of steps.entries()) {
    // An order without a header: nothing below it.
    if (value === null) return null;
    const node = asRecord(value);
    if (node === null || !Object.hasOwn(node, step)) return undefined;
    value = node[step];
    const last = index === steps.length - 1;
    const isDeferred = asRecord(value)?.['__deferred'] !== undefined;
    if (Array.isArray(value) || (isDeferred && !last)) {
      const name = steps.slice(0, index + 1).join('/');
      throw new PermanentError(
        'source/bad-shape',
        Array.isArray(value)
          ? `${place}, field "${path}": ${name} is a list of rows`
          : `${place}, field "${path}": the service did not send ${name}`,
        {
          hint: Array.isArray(value)
            ? 'Take the entity set of those rows, and reach this one from there.'
            : `Write expand: [${name}].`,
          facts: { place, field: path },
        },
      );
    }
  }
  return value;
}

/** Rows of a page as `mapRows` reads them: nested fields under their path, differences, values in the unit of the stream. */
export function sourceRows(
  rows: readonly Record<string, unknown>[],
  firstRow: number,
  stream: ODataStream,
): SourceRow[] {
  const { sourceUnit } = stream;
  const names = [...mappedFields(stream), ...(typeof sourceUnit === 'object' ? [sourceUnit.field] : [])];
  const made = names.filter((name) => name.includes('/') || !fieldsToRead([name]).includes(name));
  const isPlain = made.length === 0 && sourceUnit === undefined;
  return rows.map((row, index) => {
    const place = `row ${firstRow + index}`;
    if (isPlain) return { place, cells: row };
    const cells: Record<string, unknown> = { ...row, ...namedCells(made, (name) => valueAt(row, name, place)) };
    const converted = convertedValue(cells, place, stream);
    if (converted !== null) cells[converted.name] = converted.text;
    return { place, cells };
  });
}
