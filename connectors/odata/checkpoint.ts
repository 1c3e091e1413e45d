import { startOfDayMs } from '#domain';
import { localDateTimeMs, type PullWindow, readTime } from '#kit';
import { valueAt } from './cells.ts';
import { type ODataStream, timeZoneOf } from './options.ts';

/**
 * Up to when a pull has all rows, by the cursor that they are in order of. A service that does not keep the order gives
 * none, nor does a cursor whose time zone nobody knows.
 */
export class Checkpoint {
  readonly #stream: ODataStream;
  readonly #window: PullWindow;
  #reachedMs: number | null = null;
  #isOrdered = true;
  constructor(stream: ODataStream, window: PullWindow) {
    this.#stream = stream;
    this.#window = window;
  }

  /** With this page, every row whose cursor lies before this instant was read; undefined: that is not known. */
  after(rows: readonly Record<string, unknown>[]): number | undefined {
    let lastMs: number | null = null;
    for (const row of rows) {
      const atMs = this.#isOrdered ? this.#cursorMs(row) : null;
      if (atMs === null || (lastMs !== null && atMs < lastMs)) this.#isOrdered = false;
      lastMs = atMs;
    }
    if (!this.#isOrdered) return undefined;
    // Rows that were inserted meanwhile push earlier ones onto this page: a checkpoint never goes back.
    this.#reachedMs = Math.max(this.#reachedMs ?? this.#window.fromMs, lastMs ?? this.#window.fromMs);
    const { fromMs, toMs } = this.#window;
    return this.#reachedMs > fromMs && this.#reachedMs < toMs ? this.#reachedMs : undefined;
  }

  #cursorMs(row: Record<string, unknown>): number | null {
    const { cursor } = this.#stream;
    const timeZone = timeZoneOf(this.#stream);
    if (cursor === undefined) return null;
    const read = readTime(valueAt(row, cursor.field, 'a row'));
    if (read.kind === 'instant' && cursor.type === 'datetimeoffset') return read.epochMs;
    if (timeZone === null) return null;
    if (read.kind === 'instant')
      return localMs(new Date(read.epochMs).toISOString().slice(0, -1), cursor.type === 'date', timeZone);
    if (read.kind === 'date') return startOfDayMs(read.date, timeZone);
    return read.kind === 'local' ? localMs(read.dateTime, cursor.type === 'date', timeZone) : null;
  }
}

/** The earlier instant where clocks show a time twice: nothing before it is missing. */
const localMs = (dateTime: string, isDay: boolean, timeZone: string): number =>
  isDay ? startOfDayMs(dateTime.slice(0, 10), timeZone) : localDateTimeMs(dateTime, timeZone);
