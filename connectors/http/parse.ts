import {
  asRecord,
  LeftOut,
  mappedFields,
  mapRows,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  type RawPage,
  type SourceRow,
  shownValue,
  unitConversion,
} from '#kit';
import { fieldOf, readDocument } from './document.ts';
import type { HttpOptions, HttpStream } from './options.ts';
import { bindingsOf } from './pull.ts';
import { type Row, readRows } from './rows.ts';

/** Rows of one archived page. Throws `source/bad-shape`, `source/bad-number` or `source/bad-expression` naming the place. */
export async function parsePage(
  page: RawPage,
  { stream, extract }: ParseContext<HttpOptions, HttpStream>,
): Promise<ParsedPage> {
  const { page: number, item, parents, ignored } = page.meta;
  const last = stream.requests.at(-1);
  if (last === undefined || typeof number !== 'number')
    throw new PermanentError('source/bad-shape', 'the page does not say which one it is');
  if (typeof ignored === 'string') return { measurements: [], costs: [], warnings: [`nothing was read: ${ignored}`] };
  const place = { item: item ?? undefined, parents: asRecord(parents) ?? {} };
  const bindings = bindingsOf(place);
  const rows = await readRows(readDocument(page.body, last), stream, extract, bindings);
  const names = mappedFields(stream);
  const parsed = mapRows(
    rows.map((row, index) =>
      toSourceRow(row, `${number > 1 ? `page ${number}, ` : ''}row ${index + 1}`, names, stream, bindings),
    ),
    stream,
    { decimal: stream.decimal, dateFormat: stream.dateFormat },
  );
  const left = new LeftOut({ one: 'value', many: 'values' });
  parsed.measurements = parsed.measurements.filter((one) => {
    if (stream.underWay === 'keep' || one.durationMs === 0 || one.atMs + one.durationMs <= page.receivedAtMs)
      return true;
    return left.add('its interval is still under way', new Date(one.atMs).toISOString()) !== null;
  });
  const { sourceUnit, measurements } = stream;
  if (sourceUnit !== undefined && measurements !== undefined) {
    const convert = unitConversion(sourceUnit, measurements.unit);
    for (const one of parsed.measurements) if (one.value !== null && convert !== null) one.value = convert(one.value);
  }
  return { ...parsed, warnings: [...parsed.warnings, ...left.warnings()] };
}

/** A row with the nested fields, items and times that the mapping names. */
export function toSourceRow(
  row: Row,
  place: string,
  names: readonly string[],
  stream: Pick<HttpStream, 'times' | 'optional'>,
  bindings: Record<string, unknown>,
): SourceRow {
  const cells: Record<string, unknown> = { ...row };
  for (const name of names) {
    if (Object.hasOwn(row, name)) continue;
    const nested = fieldOf(row, name);
    const found = nested === undefined ? fieldOf(bindings, name) : nested;
    if (found !== undefined) cells[name] = found;
    else if (stream.optional.includes(name)) cells[name] = null;
  }
  for (const [name, unit] of Object.entries(stream.times))
    if (cells[name] !== undefined && cells[name] !== null) cells[name] = instantOf(cells[name], unit, place, name);
  return { place, cells };
}

const PER_MS = { epochSeconds: 0.001, epochMs: 1, epochNanos: 1_000_000 } as const;

function instantOf(cell: unknown, unit: keyof typeof PER_MS, place: string, name: string): string | null {
  if (cell === '') return null;
  const written = typeof cell === 'number' || typeof cell === 'string' ? String(cell).trim() : '';
  // Nanoseconds have more digits than a double.
  const epochMs =
    unit === 'epochNanos' && /^-?\d{1,30}$/.test(written)
      ? Number(BigInt(written) / 1_000_000n)
      : Math.round(Number(written === '' ? Number.NaN : written) / PER_MS[unit]);
  if (Math.abs(epochMs) <= 8.64e15) return new Date(epochMs).toISOString();
  throw new PermanentError(
    'source/bad-shape',
    `${place}, field "${name}": found ${shownValue(cell)}, expected ${unit}`,
    {
      hint: 'Check times: it says in which unit the source writes the field.',
    },
  );
}
