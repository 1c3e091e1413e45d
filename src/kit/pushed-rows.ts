import { isLocalDate } from '../domain/index.ts';
import type { CostLine, Measurement } from '../domain/types.ts';
import { asRecord, parseExactJson } from './exact-json.ts';
import { nearest } from './nearest.ts';
import type { PushedMeasurements, PushStream } from './push-stream.ts';
import { CURRENCY_CODE } from './row-schema.ts';
import { unitConversion } from './unit-conversion.ts';
import { parseDecimal, parseInstantMs } from './units.ts';

export type PushedEntity = PushStream['accepts'] & ('measurements' | 'costs');
export type PushedFormat = 'json' | 'ndjson';

/** Where a row or a field of it is wrong. */
export interface PushProblem {
  /** JSON Pointer into the document; of lines, into the line. */
  pointer: string;
  /** From 1, of a document of lines. */
  line?: number | undefined;
  message: string;
}
/** One element of what was sent, with its place. */
export interface PushedRow {
  cells: Record<string, unknown>;
  pointer: string;
  line?: number | undefined;
  /** As the row says, else as the request does. */
  stream: string | null;
}

const MOST_LABELS = 20;
const LONGEST_LABEL = 200;

/**
 * The rows of a document: one object, an array of them, an object with `measurements` or `costs`, or one object a line.
 * Numbers keep their digits. What is no row is a problem; `firstLine`: the number of the first line.
 */
export function readRows(
  body: string,
  {
    format,
    entity,
    stream,
    firstLine = 1,
  }: {
    format: PushedFormat;
    entity: PushedEntity;
    stream: string | null;
    firstLine?: number | undefined;
  },
): { rows: PushedRow[]; problems: PushProblem[] } {
  const rows: PushedRow[] = [];
  const problems: PushProblem[] = [];
  const add = (value: unknown, pointer: string, line?: number): void => {
    const cells = asRecord(value);
    const place = { pointer, line };
    if (cells === null) problems.push({ ...place, message: 'must be a JSON object' });
    else rows.push({ ...place, cells, stream: typeof cells['stream'] === 'string' ? cells['stream'] : stream });
  };
  if (format === 'ndjson') {
    body.split('\n').forEach((text, index) => {
      if (text.trim() === '') return;
      const line = firstLine + index;
      const value = readJson(text);
      if (value === NOT_JSON) problems.push({ pointer: '', line, message: 'is not JSON' });
      else add(value, '', line);
    });
    return { rows, problems };
  }
  const document = readJson(body);
  if (document === NOT_JSON) return { rows, problems: [{ pointer: '', message: 'the body is not JSON' }] };
  const list = Array.isArray(document) ? document : asRecord(document)?.[entity];
  if (Array.isArray(list))
    list.forEach((value, index) => add(value, Array.isArray(document) ? `/${index}` : `/${entity}/${index}`));
  else add(document, '');
  return { rows, problems };
}

const NOT_JSON = Symbol('not JSON');
function readJson(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return NOT_JSON;
  }
}

/** Reads the fields of one row and notes every one that is wrong, not only the first. */
class Cells {
  readonly problems: PushProblem[] = [];
  readonly #row: PushedRow;
  constructor(row: PushedRow, known: readonly string[]) {
    this.#row = row;
    for (const key of Object.keys(row.cells)) {
      if (known.includes(key)) continue;
      const meant = nearest(key, [...known]);
      this.wrong(key, `is not a known field${meant === null ? '' : `; did you mean "${meant}"?`}`);
    }
    if ('stream' in row.cells && typeof row.cells['stream'] !== 'string') this.wrong('stream', 'must be text');
  }

  wrong(key: string, message: string): null {
    const step = key.replaceAll('~', '~0').replaceAll('/', '~1');
    this.problems.push({ pointer: `${this.#row.pointer}/${step}`, line: this.#row.line, message });
    return null;
  }
  #cell(key: string): unknown {
    return Object.hasOwn(this.#row.cells, key) ? this.#row.cells[key] : undefined;
  }
  text(key: string, { required = false, most = 1000 }: { required?: boolean; most?: number } = {}): string | null {
    const cell = this.#cell(key);
    if (cell === undefined || cell === null) return required ? this.wrong(key, 'is required') : null;
    if (typeof cell !== 'string' || cell.trim() === '') return this.wrong(key, 'must be text with something in it');
    if (cell.includes('\0') || !cell.isWellFormed())
      return this.wrong(key, 'holds a character that no database stores');
    return cell.length > most ? this.wrong(key, `must have at most ${most} characters`) : cell;
  }
  /** An exact decimal; written as a number or as text. */
  decimal(key: string, required: boolean): string | null {
    const cell = this.#cell(key);
    if (cell === undefined || cell === null) return required ? this.wrong(key, 'is required') : null;
    const text = typeof cell === 'string' ? parseDecimal(cell) : null;
    return text ?? this.wrong(key, 'must be a decimal number such as 12.50');
  }
  number(key: string): number | null {
    const text = this.decimal(key, false);
    if (text === null) return null;
    const value = Number(text);
    return Number.isFinite(value) ? value : this.wrong(key, 'is larger than any number that is stored');
  }
  instant(key: string, required: boolean): number | null {
    const text = this.text(key, { required });
    if (text === null) return null;
    return parseInstantMs(text) ?? this.wrong(key, 'must be a date-time with its zone such as 2026-09-30T06:00:00Z');
  }
  date(key: string, required: boolean): string | null {
    const text = this.text(key, { required });
    if (text === null || isLocalDate(text)) return text;
    return this.wrong(key, 'must be a date of the calendar such as 2026-09-30');
  }
  oneOf<const T extends string>(key: string, words: readonly T[], otherwise: T | null): T | null {
    const text = this.text(key, { required: otherwise === null });
    if (text === null) return otherwise;
    return words.find((word) => word === text) ?? this.wrong(key, `must be one of ${words.join(', ')}`);
  }
  hasProblem(...keys: string[]): boolean {
    return keys.some((key) => this.problems.some(({ pointer }) => pointer === `${this.#row.pointer}/${key}`));
  }
  /** Null for both: it is not known which ones there may be. */
  labels(required: readonly string[] | null, optional: readonly string[] | null): Record<string, string> {
    const cell = this.#cell('labels') ?? {};
    const given = asRecord(cell);
    if (given === null) {
      this.wrong('labels', 'must be a JSON object of texts');
      return {};
    }
    for (const name of required ?? [])
      if (!Object.hasOwn(given, name) || given[name] === '') this.#label(name, 'is required: the stream declares it');
    const names = Object.keys(given);
    if (names.length > MOST_LABELS) this.wrong('labels', `must not have more than ${MOST_LABELS} names`);
    for (const name of names) {
      const value = given[name];
      const declared = required === null || optional === null ? null : [...required, ...optional];
      if (declared?.includes(name) === false)
        this.#label(name, `is not declared; the stream has ${declared.join(', ') || 'no labels'}`);
      else if (typeof value !== 'string') this.#label(name, 'must be text');
      else if (value.length > LONGEST_LABEL) this.#label(name, `must have at most ${LONGEST_LABEL} characters`);
      else if (value.includes('\0') || !value.isWellFormed())
        this.#label(name, 'holds a character that no database stores');
    }
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')) as Record<string, string>;
  }
  #label(name: string, message: string): void {
    this.wrong('labels', `"${name.slice(0, 40)}" ${message}`);
  }
}

const measurementFields = ['stream', 'at', 'until', 'value', 'numerator', 'denominator', 'unit', 'labels', 'status'];

export interface ReadMeasurement {
  /** Null where there are problems, or no stream. */
  measurement: Measurement | null;
  problems: PushProblem[];
  /** What it covers, as far as that can be read in spite of problems. */
  span: { atMs: number; endMs: number } | null;
}

/**
 * One row as a sample of its stream, in the stream's unit. Problems: everything that is wrong with it; of a row whose
 * stream is not known (null) everything that no stream would take.
 */
export function readMeasurement(row: PushedRow, stream: PushedMeasurements | null): ReadMeasurement {
  const cells = new Cells(row, measurementFields);
  const atMs = cells.instant('at', true);
  const untilMs = cells.instant('until', false);
  const status = cells.oneOf('status', ['final', 'provisional', 'estimated', 'missing'], 'final');
  const value = cells.number('value');
  const numerator = cells.number('numerator');
  const denominator = cells.number('denominator');
  const labels = cells.labels(stream?.labels ?? null, stream?.optionalLabels ?? null);
  const unit = cells.text('unit');
  const convert = stream === null ? null : conversionOf(unit, stream);
  if (stream !== null && convert === null && !cells.hasProblem('unit'))
    cells.wrong('unit', `must be ${stream.sourceUnit ?? stream.unit}, as the stream declares; left out, it is that`);
  if (atMs !== null && untilMs !== null && untilMs <= atMs) cells.wrong('until', 'must be after "at"');
  if ((numerator === null) !== (denominator === null))
    cells.wrong(
      numerator === null ? 'numerator' : 'denominator',
      'is required where the other part of a ratio is given',
    );
  if (status === 'missing' && value !== null) cells.wrong('value', 'must be null where status is missing');
  const isRatio = numerator !== null && denominator !== null && denominator !== 0;
  const isGiven = value !== null || isRatio || cells.hasProblem('value', 'numerator', 'denominator', 'status');
  if (status !== 'missing' && !isGiven)
    cells.wrong('value', 'is required; what is not known is sent with status missing, never as zero');
  const durationMs = untilMs !== null && atMs !== null && untilMs > atMs ? untilMs - atMs : (stream?.interval ?? 0);
  const span = atMs === null ? null : { atMs, endMs: atMs + durationMs };
  if (cells.problems.length > 0 || atMs === null || stream === null || convert === null)
    return { measurement: null, problems: cells.problems, span };
  const own = value ?? (isRatio ? numerator / denominator : null);
  return {
    measurement: {
      labels,
      unit: stream.unit,
      atMs,
      durationMs,
      value: own === null ? null : convert(own),
      ...(numerator === null || denominator === null ? {} : { numerator, denominator }),
      status: status ?? 'final',
    },
    problems: [],
    span,
  };
}

const conversionOf = (given: string | null, stream: PushedMeasurements): ((value: number) => number) | null => {
  const unit = given ?? stream.sourceUnit ?? stream.unit;
  return unit === stream.unit || unit === stream.sourceUnit ? unitConversion(unit, stream.unit) : null;
};

const costFields = [
  ...['stream', 'sourceKey', 'projectRef', 'kind', 'capitalisation', 'recurrence', 'pool', 'amount', 'currency'],
  ...['postingDate', 'cashDate', 'document', 'correctionOf', 'text'],
];

/** One row as a cost line. Problems: everything that is wrong with it. */
export function readCost(row: PushedRow): { cost: CostLine; problems: [] } | { cost: null; problems: PushProblem[] } {
  const cells = new Cells(row, costFields);
  const sourceKey = cells.text('sourceKey', { required: true, most: 400 });
  const projectRef = cells.text('projectRef', { required: true, most: 400 });
  const kind = cells.oneOf('kind', ['budget', 'commitment', 'accrual', 'actual', 'forecast'], 'actual');
  const capitalisation = cells.oneOf('capitalisation', ['opex', 'capex'], 'opex');
  const recurrence = cells.oneOf('recurrence', ['one-off', 'run'], 'one-off');
  const amount = cells.decimal('amount', true);
  const currency = cells.text('currency', { required: true });
  if (currency !== null && !CURRENCY_CODE.test(currency))
    cells.wrong('currency', 'must be an ISO 4217 code in capitals such as EUR');
  const postingDate = cells.date('postingDate', true);
  const cashDate = cells.date('cashDate', false);
  const rest = {
    pool: cells.text('pool'),
    document: cells.text('document'),
    correctionOf: cells.text('correctionOf', { most: 400 }),
    text: cells.text('text', { most: 4000 }),
  };
  if (cells.problems.length > 0 || sourceKey === null || projectRef === null || amount === null) return bad(cells);
  if (currency === null || postingDate === null || kind === null) return bad(cells);
  if (capitalisation === null || recurrence === null) return bad(cells);
  return {
    cost: { sourceKey, projectRef, kind, capitalisation, recurrence, amount, currency, postingDate, cashDate, ...rest },
    problems: [],
  };
}

const bad = ({ problems }: Cells): { cost: null; problems: PushProblem[] } => ({ cost: null, problems });
