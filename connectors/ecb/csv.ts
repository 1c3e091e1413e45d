import { type CsvError, parse } from 'csv-parse/sync';
import { PermanentError } from '#kit';
import type { RawRate } from './raw-rate.ts';

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** Rates of `eurofxref.csv` and `eurofxref-hist.csv`: a line a date, a column a currency. Throws `source/bad-shape`. */
export function readCsv(text: string, file: string): RawRate[] {
  let lines: string[][];
  try {
    lines = parse(text, {
      skip_empty_lines: true,
      relax_column_count: true,
      trim: true,
      max_record_size: 100_000,
    }) as unknown as string[][];
  } catch (thrown) {
    const { message, lines: line } = thrown as Partial<CsvError>;
    throw new PermanentError('source/bad-shape', `${file}, line ${line ?? '?'}: ${message ?? 'not CSV'}`, {
      cause: thrown,
    });
  }
  const [head = [], ...rows] = lines.map(withoutLast);
  const currencies = head.slice(1);
  if (currencies.length === 0 || rows.length === 0)
    throw new PermanentError(
      'source/bad-shape',
      `${file} has ${rows.length === 0 ? 'no line of rates' : 'no currency'}`,
      {
        hint: 'Expected a first line such as "Date,USD,JPY,…" and one line for each date.',
      },
    );
  const doubled = currencies.find((code, index) => currencies.indexOf(code) !== index);
  if (doubled !== undefined) throw new PermanentError('source/bad-shape', `${file}: two columns are named ${doubled}`);
  return rows.flatMap((cells, index) => {
    const place = `${file}, line ${index + 2}`;
    if (cells.length !== head.length)
      throw new PermanentError(
        'source/bad-shape',
        `${place}: ${cells.length} columns, where the first line has ${head.length}`,
        {
          hint: 'The file may be cut off, or was saved by a spreadsheet.',
        },
      );
    const date = dateOf(cells[0] ?? '', place);
    return currencies.map((currency, column) => ({ date, currency, rate: cells[column + 1] ?? '', place }));
  });
}

/** The files end each line with a comma. */
const withoutLast = (cells: string[]): string[] => (cells.at(-1) === '' ? cells.slice(0, -1) : cells);

/** `2026-06-30`, or `30 June 2026` as eurofxref.csv has it. */
function dateOf(text: string, place: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return text;
  const words = /^(\d{1,2}) ([A-Za-z]+) (\d{4})$/.exec(text);
  const month = MONTHS.indexOf((words?.[2] ?? '').toLowerCase()) + 1;
  if (words === null || month === 0)
    throw new PermanentError('source/bad-shape', `${place}: ${JSON.stringify(text.slice(0, 40))} is no date`, {
      hint: 'Expected 2026-06-30 or 30 June 2026. A spreadsheet that saved the file may have rewritten its dates.',
    });
  return `${words[3]}-${String(month).padStart(2, '0')}-${(words[1] ?? '').padStart(2, '0')}`;
}
