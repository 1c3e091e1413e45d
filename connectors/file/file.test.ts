import { describe, expect, it } from 'vitest';
import {
  cutRecords,
  type FileSource,
  type OutturnError,
  type ParsedPage,
  PermanentError,
  type RecordPiece,
} from '#kit';
import { connectorContext } from '../../test/factories/connector.ts';
import { file } from './index.ts';

const stream = (changes: Record<string, unknown> = {}) =>
  file.stream.parse({
    path: 'data/seats-*.csv',
    measurements: { at: 'day', covers: '1d', value: 'seats', unit: 'seats', labels: [], timeZone: 'Europe/Berlin' },
    ...changes,
  });

async function read(contents: Record<string, string>, options: unknown = stream()): Promise<ParsedPage[]> {
  const files: FileSource = {
    list: async () => Object.keys(contents).map((path) => ({ path: `/c/data/${path}`, modifiedAtMs: 0, bytes: 1 })),
    // In pieces that end anywhere, as a stream does.
    read: async function* ({ path }) {
      const text = contents[path.slice(8)] ?? '';
      for (let at = 0; at < text.length; at += 4097) yield text.slice(at, at + 4097);
    },
  };
  const parsed = options as ReturnType<typeof stream>;
  const context = {
    ...connectorContext(file.options.parse({}), { files }),
    stream: parsed,
    streamId: 'seats',
  };
  const pages: ParsedPage[] = [];
  const window = { fromMs: 0, toMs: 1 };
  for await (const page of file.pull({ ...context, window }))
    pages.push(await file.parse(JSON.parse(JSON.stringify(page)), context));
  return pages;
}
const values = (pages: ParsedPage[]) => pages.flatMap((page) => page.measurements.map((m) => m.value));
const problem = async (contents: Record<string, string>, options?: unknown): Promise<OutturnError> => {
  const thrown: unknown = await read(contents, options).catch((error: unknown) => error);
  if (thrown instanceof PermanentError) return thrown;
  throw new Error('it did not fail as it should', { cause: thrown });
};

describe('CSV files', () => {
  it('every file that matches gives its rows; a byte order mark, CRLF and quotes do no harm', async () => {
    const pages = await read({
      'seats-1.csv': '\uFEFFday,seats,note\r\n2026-06-01,10,"a, b"\r\n2026-06-02,"11","say ""hi""\r\nthere"\r\n\r\n',
      'seats-2.csv': 'day,seats\n2026-06-03,12',
    });
    expect(values(pages)).toEqual([10, 11, 12]);
  });

  it('the delimiter is guessed from the header; decimal commas and local dates are read as told', async () => {
    const pages = await read(
      { 'seats-1.csv': 'day;seats\n31.12.2026;1.234,5\n' },
      stream({ decimal: ',', dateFormat: 'dd.mm.yyyy' }),
    );
    expect(pages[0]?.measurements[0]).toMatchObject({ value: 1234.5, atMs: Date.parse('2026-12-30T23:00:00Z') });
  });

  it('a file without header takes the names from the stream', async () => {
    expect(values(await read({ 'seats-1.csv': '2026-06-01,10\n' }, stream({ header: ['day', 'seats'] })))).toEqual([
      10,
    ]);
  });

  it('a large file comes in pages that each parse alone, and lines keep their numbers', async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `2026-06-01,${n},"long\nnote ${n}"`);
    const text = `day,seats,note\n${lines.join('\n')}\n`;
    const pages = await read({ 'seats-1.csv': text });
    expect(pages.length).toBeGreaterThan(1);
    expect(values(pages)).toEqual(lines.map((_, n) => n));
    const error = await problem({ 'seats-1.csv': text.replace(',59999,', ',many,') });
    expect(error.message).toBe('data/seats-1.csv, line 120001, field "seats": found "many", expected a number');
  });

  it('a malformed line is named by its number', async () => {
    const head = 'day,seats\n2026-06-01,10\n';
    expect((await problem({ 'seats-1.csv': `${head}2026-06-02,1,5\n` })).message).toBe(
      'data/seats-1.csv, line 3: 3 columns, where the header has 2',
    );
    expect((await problem({ 'seats-1.csv': `${head}2026-06-02,"10\n2026-06-03,11\n` })).message).toMatch(
      /^data\/seats-1\.csv, line \d: a quote is opened but never closed$/,
    );
  });

  it('a column that is not there gets a near miss, even when there is no row', async () => {
    const error = await problem({ 'seats-1.csv': 'day,seat\n' });
    expect(error.message).toBe('data/seats-1.csv: there is no column "seats"');
    expect(error.hint).toBe('Did you mean "seat"?');
  });

  it('an empty file is an error, one with only a header gives no rows', async () => {
    expect((await problem({ 'seats-1.csv': '' })).code).toBe('source/empty-answer');
    expect(values(await read({ 'seats-1.csv': 'day,seats\n' }))).toEqual([]);
  });

  it('a column named twice is refused when it is read', async () => {
    expect((await problem({ 'seats-1.csv': 'day,seats,seats\n2026-06-01,1,2\n' })).message).toContain('two columns');
  });
});

describe('JSON lines', () => {
  const lines = (changes: Record<string, unknown> = {}) => stream({ format: 'ndjson', ...changes });

  it('give a row each; numbers keep their digits, nested fields are found by their path', async () => {
    const text =
      '{"day":"2026-06-01","seats":10,"team":{"name":"a"}}\r\n\n{"day":"2026-06-02","seats":null,"team":{}}\n{"seats":12.50,"day":"2026-06-03","team":{"name":"b"}}';
    const mapping = { at: 'day', covers: '1d', value: 'seats', unit: 'seats', labels: ['team.name'], timeZone: 'UTC' };
    const [page] = await read({ 'seats-1.ndjson': text }, lines({ measurements: mapping }));
    expect(page?.measurements.map(({ value, labels }) => [value, labels['team.name']])).toEqual([
      [10, 'a'],
      [12.5, 'b'],
    ]);
    expect(page?.warnings).toEqual(['left out 1 row: "seats" is blank (data/seats-1.ndjson, line 3)']);
  });

  it('that are none are named by line, a whole document with what to do', async () => {
    expect((await problem({ 'x.jsonl': '{"day":"2026-06-01","seats":1}\n{"day":' }, lines())).message).toBe(
      'data/x.jsonl, line 2: not JSON',
    );
    expect((await problem({ 'x.jsonl': '[\n{"day":1}\n]' }, lines())).hint).toContain('jq');
    expect((await problem({ 'x.jsonl': '[1]' }, lines())).message).toContain('no JSON object');
  });
});

describe('cutting a table', () => {
  it('never cuts inside a quoted cell', async () => {
    const text = 'a,"1\n2"\nb,"3\n4"\nc,5\n';
    const pieces: RecordPiece[] = [];
    for await (const piece of cutRecords(text, { maxCharacters: 9, quotes: true, header: false, name: 'x' }))
      pieces.push(piece);
    expect(pieces).toEqual([
      { text: 'a,"1\n2"\n', firstLine: 1 },
      { text: 'b,"3\n4"\n', firstLine: 3 },
      { text: 'c,5\n', firstLine: 5 },
    ]);
  });
});
