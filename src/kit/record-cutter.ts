import { PermanentError } from './errors.ts';

/** Whole records of a text, as they stand in it. */
export interface RecordPiece {
  text: string;
  /** Line of the text that the piece begins with, from 1. */
  firstLine: number;
}
export interface CutOptions {
  /** A piece ends before it would become longer; a single record may be longer. */
  maxCharacters: number;
  /** CSV: a line break between double quotes belongs to the cell. */
  quotes: boolean;
  /** The first piece is the first record alone. */
  header: boolean;
  /** For messages. */
  name: string;
}

/** A longer record is a quote that was never closed, or no table at all. */
const LONGEST_RECORD = 1_000_000;
const [LF, CR, QUOTE] = [0x0a, 0x0d, 0x22];

/**
 * Cuts a text that comes in arbitrary pieces at the ends of its records only, so that each piece can be parsed alone and memory
 * holds no more than one. A byte order mark is dropped. Throws `source/bad-shape` for a record longer than a million characters.
 */
export async function* cutRecords(
  source: AsyncIterable<string> | Iterable<string>,
  options: CutOptions,
): AsyncGenerator<RecordPiece, void, undefined> {
  const cutter = new RecordCutter(options);
  let isFirst = true;
  for await (const text of source) {
    if (text === '') continue;
    yield* cutter.push(isFirst && text.startsWith('\uFEFF') ? text.slice(1) : text);
    isFirst = false;
  }
  yield* cutter.end();
}

class RecordCutter {
  readonly #options: CutOptions;
  /** What was not given out yet, and where in the text it begins. */
  #parts: string[] = [];
  #partsStart = 0;
  #position = 0;
  #line = 1;
  #quoted = false;
  /** A carriage return at the end of a piece: what follows says whether the line ends here. */
  #afterReturn = false;
  #recordStart = { at: 0, line: 1 };
  #pieceStart = { at: 0, line: 1 };
  #headerIsDue: boolean;

  constructor(options: CutOptions) {
    this.#options = options;
    this.#headerIsDue = options.header;
  }

  push(text: string): RecordPiece[] {
    const pieces: RecordPiece[] = [];
    this.#parts.push(text);
    const start = this.#position;
    for (let index = 0; index < text.length; index++) {
      const character = text.charCodeAt(index);
      if (this.#afterReturn) {
        this.#afterReturn = false;
        if (character === LF) {
          this.#lineEnds(start + index + 1, pieces);
          continue;
        }
        this.#lineEnds(start + index, pieces);
      }
      if (character === LF) this.#lineEnds(start + index + 1, pieces);
      else if (character === CR) this.#afterReturn = true;
      else if (character === QUOTE && this.#options.quotes) this.#quoted = !this.#quoted;
    }
    this.#position = start + text.length;
    if (this.#position - this.#recordStart.at > LONGEST_RECORD)
      throw new PermanentError(
        'source/bad-shape',
        `${this.#options.name}, line ${this.#recordStart.line}: a line is longer than a million characters`,
        {
          hint: this.#options.quotes
            ? 'A quote may be opened there and never closed.'
            : 'Is it one JSON object a line?',
        },
      );
    return pieces;
  }

  end(): RecordPiece[] {
    const pieces: RecordPiece[] = [];
    if (this.#afterReturn) this.#lineEnds(this.#position, pieces);
    // The last record may have no line break, or a quote that is never closed: whoever parses it says so.
    if (this.#position > this.#recordStart.at) this.#recordEnds(this.#position, pieces);
    if (this.#position > this.#pieceStart.at) pieces.push(this.#take(this.#position));
    return pieces;
  }

  #lineEnds(at: number, pieces: RecordPiece[]): void {
    this.#line++;
    if (!this.#quoted) this.#recordEnds(at, pieces);
  }

  #recordEnds(at: number, pieces: RecordPiece[]): void {
    const { at: recordStart } = this.#recordStart;
    const isOver = at - this.#pieceStart.at > this.#options.maxCharacters;
    if (isOver && recordStart > this.#pieceStart.at) pieces.push(this.#take(recordStart));
    this.#recordStart = { at, line: this.#line };
    if (!this.#headerIsDue) return;
    this.#headerIsDue = false;
    pieces.push(this.#take(at));
  }

  /** What lies before `at`, which is where the record under way begins. */
  #take(at: number): RecordPiece {
    const joined = this.#parts.join('');
    const cut = at - this.#partsStart;
    this.#parts = cut === joined.length ? [] : [joined.slice(cut)];
    this.#partsStart = at;
    const { line } = this.#pieceStart;
    this.#pieceStart = at === this.#recordStart.at ? this.#recordStart : { at, line: this.#line };
    return { text: joined.slice(0, cut), firstLine: line };
  }
}
