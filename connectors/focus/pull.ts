import { parse } from 'csv-parse/sync';
import {
  cutRecords,
  type FoundFile,
  PermanentError,
  type PullContext,
  type RawPage,
  s3AccessOf,
  shownPath,
} from '#kit';
import { dimensions, Groups, requireColumns, sums } from './groups.ts';
import type { FocusOptions, FocusStream } from './options.ts';

const PIECE_CHARACTERS = 1_000_000;
/** Groups of one page. */
const PAGE_GROUPS = 5_000;

/** What was read of one file: the evidence of a page, whose body holds sums only. */
interface ReadFile {
  name: string;
  version: string | null;
  modifiedAt: string;
  bytes: number;
  lines: number;
}

/**
 * The bills that match, summed by day, project, service, category and currency. Lines come by the million, and those of one sum
 * stand anywhere in any of the files: they are read once, as a stream, and the pages hold the sums with what they were made of.
 */
export async function* pullBills(
  ctx: PullContext<FocusOptions, FocusStream>,
  { mostPieces = Number.POSITIVE_INFINITY }: { mostPieces?: number } = {},
): AsyncIterable<RawPage> {
  const { stream, options } = ctx;
  const access = { s3: s3AccessOf(options.s3), signal: ctx.signal };
  const listed = await ctx.files.list(stream.path, access);
  const folders = changedFolders(listed, stream, ctx.window.fromMs);
  const groups = new Groups(stream);
  const read: ReadFile[] = [];
  let pieces = 0;
  for (const files of folders.changed) for (const file of files) if (pieces < mostPieces) await readFile(file);
  // A month of several folders (one for each account, say) is added up of all of them.
  const others = groups.size === 0 ? [] : await withPeriods(folders.unchanged);
  for (let found = true; found && pieces < mostPieces; ) {
    const same = others.filter(({ period, isRead }) => !isRead && period !== null && groups.billingPeriods.has(period));
    found = same.length > 0;
    for (const folder of same) {
      folder.isRead = true;
      for (const file of folder.files) if (pieces < mostPieces) await readFile(file);
    }
  }
  yield* pagesOf(groups, read, ctx, pieces < mostPieces);

  async function readFile(file: FoundFile): Promise<void> {
    const name = shownPath(file.path, stream.path);
    let header: string[] | null = null;
    let lines = 0;
    for await (const piece of piecesOf(file)) {
      ctx.signal.throwIfAborted();
      if (pieces >= mostPieces) break;
      const rows = recordsOf(piece.text, name, piece.firstLine);
      if (header === null) {
        header = rows[0]?.record ?? [];
        requireColumns(header, stream, name);
        continue;
      }
      pieces++;
      lines += addRows(groups, header, rows, { name, firstLine: piece.firstLine });
    }
    if (header === null)
      throw new PermanentError('source/empty-answer', `${name} is empty: not even a header line`, {
        hint: 'The export may still be being written.',
      });
    const modifiedAt = new Date(file.modifiedAtMs).toISOString();
    read.push({ name, version: file.version ?? null, modifiedAt, bytes: file.bytes, lines });
  }

  function piecesOf(file: FoundFile) {
    const name = shownPath(file.path, stream.path);
    if (/\.parquet$/i.test(name))
      throw new PermanentError('source/bad-shape', `${name} is Parquet`, {
        hint: 'Export as CSV (gzip is read), and match only those files by path.',
      });
    const text = ctx.files.read(file, { ...access, maxBytes: options.maxFile });
    return cutRecords(text, { maxCharacters: PIECE_CHARACTERS, quotes: true, header: true, name });
  }

  /** With the month that the first line of each is of: an export writes one month into a folder. */
  async function withPeriods(unchanged: FoundFile[][]) {
    const found: { files: FoundFile[]; period: string | null; isRead: boolean }[] = [];
    for (const files of unchanged) {
      let period: string | null = null;
      for (const file of files) if (period === null) period = await firstPeriod(file);
      found.push({ files, period, isRead: false });
    }
    return found;
  }

  async function firstPeriod(file: FoundFile): Promise<string | null> {
    const name = shownPath(file.path, stream.path);
    let at: number | null = null;
    for await (const piece of piecesOf(file)) {
      ctx.signal.throwIfAborted();
      const rows = recordsOf(piece.text, name, piece.firstLine);
      if (at === null) at = rows[0]?.record.indexOf('BillingPeriodStart') ?? -1;
      else return groups.dayOf(rows[0]?.record[at]?.trim() ?? '', 'BillingPeriodStart', name);
    }
    return null;
  }
}

/** A bill is split over files of one folder, so a folder is read whole or not at all. */
function changedFolders(
  files: FoundFile[],
  { incremental }: FocusStream,
  fromMs: number,
): { changed: FoundFile[][]; unchanged: FoundFile[][] } {
  const folders = new Map<string, FoundFile[]>();
  for (const file of files) {
    const folder = file.path.replace(/[^/\\]*$/, '');
    const known = folders.get(folder);
    if (known === undefined) folders.set(folder, [file]);
    else known.push(file);
  }
  const isChanged = (folder: FoundFile[]): boolean =>
    incremental === 'none' || folder.some((file) => file.modifiedAtMs >= fromMs);
  const all = [...folders.values()];
  return { changed: all.filter(isChanged), unchanged: all.filter((folder) => !isChanged(folder)) };
}

interface Row {
  record: string[];
  info: { lines: number };
}

function recordsOf(text: string, name: string, firstLine: number): Row[] {
  try {
    return parse(text, {
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: 1_000_000,
    }) as unknown as Row[];
  } catch (thrown) {
    const lines = thrown instanceof Error && 'lines' in thrown ? Number(thrown.lines) : 1;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new PermanentError('source/bad-shape', `${name}, line ${firstLine + lines - 1}: not CSV (${reason})`, {
      hint: 'FOCUS files are CSV with commas; quotes inside a quoted cell are written twice.',
      cause: thrown,
    });
  }
}

function addRows(
  groups: Groups,
  header: readonly string[],
  rows: readonly Row[],
  { name, firstLine }: { name: string; firstLine: number },
): number {
  const index = new Map(header.map((column, at) => [column, at]));
  for (const { record, info } of rows) {
    const place = `${name}, line ${firstLine + info.lines - 1}`;
    if (record.length !== header.length)
      throw new PermanentError(
        'source/bad-shape',
        `${place}: ${record.length} columns, where the header has ${header.length}`,
      );
    groups.add((column) => {
      const at = index.get(column);
      const cell = at === undefined ? '' : (record[at] ?? '').trim();
      // Null is an empty cell; the specification's own samples and some exports spell it out.
      return cell === '(null)' || cell === 'NULL' || cell === 'null' ? '' : cell;
    }, place);
  }
  return rows.length;
}

function* pagesOf(
  groups: Groups,
  files: readonly ReadFile[],
  ctx: PullContext<FocusOptions, FocusStream>,
  wholeBills: boolean,
): Generator<RawPage> {
  let rows: string[] = [];
  const columns = JSON.stringify([...dimensions, 'lines', ...sums.flatMap((name) => [name, `${name} blank`])]);
  const page = (): RawPage => ({
    body: `{"format":1,"columns":${columns},"groups":[${rows.map((row) => `\n${row}`).join(',')}\n]}\n`,
    contentType: 'application/json',
    request: { method: 'READ', url: ctx.stream.path.startsWith('s3://') ? ctx.stream.path : `file:${ctx.stream.path}` },
    receivedAtMs: ctx.nowMs(),
    meta: { files, quantity: ctx.stream.quantity?.column ?? null, wholeBills },
  });
  for (const group of groups) {
    rows.push(
      JSON.stringify([
        ...dimensions.map((name) => group.dimensions[name]),
        group.lines,
        ...sums.flatMap((name) => [String(group.sums[name]), group.blanks[name]]),
      ]),
    );
    if (rows.length < PAGE_GROUPS) continue;
    yield page();
    rows = [];
  }
  if (rows.length > 0) yield page();
}
