import { localDateAt, startOfDayMs } from '../domain/time/index.ts';
import type { CostLine, Measurement } from '../domain/types.ts';
import type { ParsedPage } from './connector.ts';
import { PermanentError } from './errors.ts';
import { nearest } from './nearest.ts';
import { type CostMapping, CURRENCY_CODE, type MeasurementMapping, type RowMapping } from './row-schema.ts';
import { addCalendarMs, type DateFormat, localDateTimeMs, readNumber, readTime } from './row-values.ts';
import { shownValue } from './shown-value.ts';

/** One row of a table, and where it stands for messages (`row 12`, `line 40`). */
export interface SourceRow {
  place: string;
  cells: Readonly<Record<string, unknown>>;
}
export interface RowReading {
  decimal?: '.' | ',' | undefined;
  dateFormat?: DateFormat | undefined;
  /** Fields whose times are wall-clock times even where the wire format gives them an offset (OData V2 dates). */
  wallClockFields?: readonly string[] | undefined;
}

/** A page of a thousand bad rows must not make a thousand warnings. */
const MAX_WARNING_PLACES = 5;

class RowReader {
  readonly #leftOut = new Map<string, { count: number; places: string[] }>();
  /** Calendar arithmetic is slow, and tables repeat their days: remembered for the page, which has one mapping. */
  readonly #lengths = new Map<number, number>();
  readonly #reading: RowReading;
  constructor(reading: RowReading) {
    this.#reading = reading;
  }

  cell(row: SourceRow, name: string): unknown {
    if (Object.hasOwn(row.cells, name)) return row.cells[name];
    const meant = nearest(name, Object.keys(row.cells));
    throw new PermanentError('source/bad-shape', `${row.place}: there is no field "${name}"`, {
      hint:
        meant === null
          ? `The row has ${Object.keys(row.cells).slice(0, 20).join(', ') || 'no fields'}.`
          : `Did you mean "${meant}"?`,
    });
  }

  /** Null for null and blank cells. */
  text(row: SourceRow, name: string): string | null {
    const cell = this.cell(row, name);
    if (cell === null || cell === undefined) return null;
    if (typeof cell === 'object') throw wrong(row, name, cell, 'a single value', 'source/bad-shape');
    const text = String(cell).trim();
    return text === '' ? null : text;
  }

  /** Exact decimal; null (and a warning) when the cell holds no finite number. */
  number(row: SourceRow, name: string): string | null {
    const cell = this.cell(row, name);
    const read = readNumber(cell, this.#reading.decimal);
    if (read.kind === 'number') return read.text;
    if (read.kind === 'invalid') throw wrong(row, name, cell, 'a number', 'source/bad-number');
    return this.leaveOut(row, read.kind === 'absent' ? `"${name}" is blank` : `"${name}" is not a finite number`);
  }

  /** Epoch ms; `calendarDays`: the value stands for local days, so midnight UTC of a V2 date is that date. */
  instantMs(row: SourceRow, name: string, timeZone: string, calendarDays: boolean): number | null {
    const cell = this.cell(row, name);
    const read = readTime(cell, this.#reading.dateFormat);
    if (read.kind === 'date') return startOfDayMs(read.date, timeZone);
    if (read.kind === 'local') return localDateTimeMs(read.dateTime, timeZone);
    if (read.kind === 'absent') return this.leaveOut(row, `"${name}" is blank`);
    if (read.kind === 'invalid') throw wrong(row, name, cell, 'a date or a date-time', 'source/bad-shape');
    const wallClock = this.#reading.wallClockFields?.includes(name) === true;
    const dayOfV2 = calendarDays && String(cell).startsWith('/Date(') && read.epochMs % 86_400_000 === 0;
    if (!wallClock && !dayOfV2) return read.epochMs;
    return localDateTimeMs(new Date(read.epochMs).toISOString().slice(0, -1), timeZone);
  }

  /** Length of what a value covers from `atMs` on. */
  durationMs(atMs: number, { covers, timeZone }: MeasurementMapping): number {
    if (covers.kind === 'fixed') return covers.ms;
    let durationMs = this.#lengths.get(atMs);
    if (durationMs === undefined) {
      durationMs = addCalendarMs(atMs, covers, timeZone) - atMs;
      this.#lengths.set(atMs, durationMs);
    }
    return durationMs;
  }

  date(row: SourceRow, name: string, timeZone: string | undefined): string | null {
    const cell = this.cell(row, name);
    const read = readTime(cell, this.#reading.dateFormat);
    if (read.kind === 'absent') return null;
    if (read.kind === 'invalid') throw wrong(row, name, cell, 'a date', 'source/bad-shape');
    if (read.kind === 'date') return read.date;
    if (read.kind === 'local') return read.dateTime.slice(0, 10);
    const asWritten = timeZone === undefined || this.#reading.wallClockFields?.includes(name) === true;
    return asWritten ? read.writtenDate : localDateAt(read.epochMs, timeZone);
  }

  choice<T extends string>(row: SourceRow, option: T | { field: string; map: Record<string, T> }): T {
    if (typeof option === 'string') return option;
    const found = this.text(row, option.field) ?? '';
    const chosen = Object.hasOwn(option.map, found) ? option.map[found] : undefined;
    if (chosen !== undefined) return chosen;
    throw new PermanentError(
      'source/bad-shape',
      `${row.place}, field "${option.field}": found "${found}", which the map does not have`,
      {
        hint: `Add it to the map; it has ${Object.keys(option.map).join(', ')}.`,
      },
    );
  }

  leaveOut(row: SourceRow, reason: string): null {
    const entry = this.#leftOut.get(reason) ?? { count: 0, places: [] };
    entry.count++;
    if (entry.places.length < MAX_WARNING_PLACES) entry.places.push(row.place);
    this.#leftOut.set(reason, entry);
    return null;
  }

  warnings(): string[] {
    return [...this.#leftOut].map(([reason, { count, places }]) => {
      const more = count > places.length ? ` and ${count - places.length} more` : '';
      return `left out ${count} ${count === 1 ? 'row' : 'rows'}: ${reason} (${places.join('; ')}${more})`;
    });
  }
}

function wrong(
  row: SourceRow,
  name: string,
  cell: unknown,
  expected: string,
  code: 'source/bad-number' | 'source/bad-shape',
): PermanentError {
  const isLong = typeof cell === 'string' && cell.length > 80;
  const shown = isLong ? `${cell.slice(0, 77)}…` : typeof cell === 'string' ? cell : shownValue(cell);
  return new PermanentError(code, `${row.place}, field "${name}": found "${shown}", expected ${expected}`, {
    hint: 'Check which field the stream maps, and how the source writes it (decimal sign, date format).',
    facts: { place: row.place, field: name },
  });
}

/**
 * Turns rows into measurements or cost lines. Rows whose number is blank, NaN or infinite, or that lack a time, a key
 * or a project are left out with a warning, never taken as zero.
 * Throws PermanentError `source/bad-shape` or `source/bad-number` naming the row, the field and what was found.
 */
export function mapRows(rows: readonly SourceRow[], mapping: RowMapping, reading: RowReading = {}): ParsedPage {
  const reader = new RowReader(reading);
  const measurements: Measurement[] = [];
  const costs: CostLine[] = [];
  for (const row of rows) {
    if (mapping.measurements !== undefined) {
      const measurement = toMeasurement(reader, row, mapping.measurements);
      if (measurement !== null) measurements.push(measurement);
    }
    if (mapping.costs !== undefined) {
      const cost = toCostLine(reader, row, mapping.costs);
      if (cost !== null) costs.push(cost);
    }
  }
  return { measurements, costs, warnings: reader.warnings() };
}

function toMeasurement(reader: RowReader, row: SourceRow, mapping: MeasurementMapping): Measurement | null {
  const { at, covers: length, timeZone, unit } = mapping;
  const atMs = reader.instantMs(row, at, timeZone, length.kind === 'calendar');
  if (atMs === null) return null;
  const durationMs = reader.durationMs(atMs, mapping);
  const labels: Record<string, string> = {};
  for (const name of mapping.labels) labels[name] = reader.text(row, name) ?? '';
  const common = { labels, unit, atMs, durationMs, status: 'final' as const };
  if (mapping.value !== undefined) {
    const value = reader.number(row, mapping.value);
    return value === null ? null : { ...common, value: Number(value) };
  }
  const numerator = reader.number(row, mapping.numerator ?? '');
  if (numerator === null) return null;
  const denominator = reader.number(row, mapping.denominator ?? '');
  if (denominator === null) return null;
  const [top, bottom] = [Number(numerator), Number(denominator)];
  if (bottom === 0) return reader.leaveOut(row, `"${mapping.denominator}" is 0, so there is no ratio`);
  return { ...common, value: top / bottom, numerator: top, denominator: bottom };
}

function toCostLine(reader: RowReader, row: SourceRow, mapping: CostMapping): CostLine | null {
  const keys = mapping.sourceKey.map((name) => reader.text(row, name));
  if (keys.every((key) => key === null)) return reader.leaveOut(row, `${mapping.sourceKey.join(' and ')} are blank`);
  const projectRef =
    typeof mapping.projectRef === 'string' ? reader.text(row, mapping.projectRef) : mapping.projectRef.value;
  if (projectRef === null) return reader.leaveOut(row, `"${mapping.projectRef}" is blank`);
  const amount = reader.number(row, mapping.amount);
  if (amount === null) return null;
  const postingDate = reader.date(row, mapping.postingDate, mapping.timeZone);
  if (postingDate === null) return reader.leaveOut(row, `"${mapping.postingDate}" is blank`);
  const optional = (name: string | undefined): string | null => (name === undefined ? null : reader.text(row, name));
  return {
    sourceKey: keys.map((key) => (key ?? '').replaceAll('%', '%25').replaceAll('/', '%2F')).join('/'),
    projectRef,
    kind: reader.choice(row, mapping.kind),
    capitalisation: reader.choice(row, mapping.capitalisation),
    recurrence: reader.choice(row, mapping.recurrence),
    pool: optional(mapping.pool),
    amount,
    currency: currencyOf(reader, row, mapping),
    postingDate,
    cashDate: mapping.cashDate === undefined ? null : reader.date(row, mapping.cashDate, mapping.timeZone),
    document: optional(mapping.document),
    correctionOf: optional(mapping.correctionOf),
    text: optional(mapping.text),
  };
}

function currencyOf(reader: RowReader, row: SourceRow, mapping: CostMapping): string {
  if (typeof mapping.currency !== 'string') return mapping.currency.value;
  if (CURRENCY_CODE.test(mapping.currency)) return mapping.currency;
  const found = reader.text(row, mapping.currency);
  if (found !== null && CURRENCY_CODE.test(found)) return found;
  throw wrong(row, mapping.currency, found ?? '', 'an ISO 4217 currency code such as EUR', 'source/bad-shape');
}
