import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { asOutturnError, cutRecords, type RecordPiece } from '#kit';
import { textOf } from './text-of.ts';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function read(bytes: Buffer, { size = 7, maxBytes = 1e9 } = {}): Promise<string> {
  let text = '';
  for await (const piece of textOf(pieces(bytes, size), { shown: 'x.csv', maxBytes })) text += piece;
  return text;
}
const failure = (work: Promise<unknown>) => work.then(() => expect.fail('an error was expected'), asOutturnError);

describe('bytes as text', () => {
  const text = 'day,seats\n2026-06-01,äöü€😀\n';

  it.each([1, 2, 3, 5, 1000])('wherever %s bytes end: UTF-8, UTF-16, marks, gzip, gzip in parts', async (size) => {
    expect(await read(Buffer.from(text), { size })).toBe(text);
    expect(await read(Buffer.from(`\ufeff${text}`), { size })).toBe(text);
    expect(await read(Buffer.from(`\ufeff${text}`, 'utf16le'), { size })).toBe(text);
    expect(await read(Buffer.from(`\ufeff${text}`, 'utf16le').swap16(), { size })).toBe(text);
    expect(await read(gzipSync(text), { size })).toBe(text);
    expect(await read(Buffer.concat([gzipSync(text), gzipSync(text)]), { size })).toBe(text + text);
    expect(await read(Buffer.from(''), { size })).toBe('');
  });

  it('what bursts, is cut off or is no text is said, with the name', async () => {
    const zeros = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(await failure(read(zeros, { size: 65536 }))).toMatchObject({
      code: 'source/too-large',
      message: expect.stringContaining('300 times'),
    });
    expect(await failure(read(zeros, { size: 65536, maxBytes: 1000 }))).toMatchObject({
      code: 'source/too-large',
      message: expect.stringContaining('maxFile'),
    });
    const packed = gzipSync(text.repeat(1000));
    expect(await failure(read(packed.subarray(0, packed.length - 9)))).toMatchObject({ code: 'source/bad-shape' });
    expect(await failure(read(Buffer.from('ä;1', 'latin1')))).toMatchObject({
      code: 'source/bad-shape',
      message: 'x.csv is not text in UTF-8',
    });
  });

  it('ends what it reads from when the reader stops', async () => {
    let ended = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield Buffer.alloc(100_000, 'a');
      } finally {
        ended = true;
      }
    }
    for await (const _ of textOf(endless(), { shown: 'x', maxBytes: 1e12 })) break;
    expect(ended).toBe(true);
  });
});

describe('whole records', () => {
  const table = 'h1,"h\n2"\r\n1,"a\r\nb"\r2,""""\n\n3,"x,\n\n"\r\nlast,row';
  const cut = async (source: Iterable<string>, changes = {}): Promise<RecordPiece[]> => {
    const found: RecordPiece[] = [];
    const options = { maxCharacters: 8, quotes: true, header: true, name: 'x.csv', ...changes };
    for await (const piece of cutRecords(source, options)) found.push(piece);
    return found;
  };

  it('are the same wherever the text is broken in two or into single characters', async () => {
    const whole = await cut([table]);
    expect(whole.map((piece) => piece.text).join('')).toBe(table);
    expect(whole[0]).toEqual({ text: 'h1,"h\n2"\r\n', firstLine: 1 });
    expect(whole.at(-1)).toEqual({ text: 'last,row', firstLine: 10 });
    for (let at = 0; at <= table.length; at++) expect(await cut([table.slice(0, at), table.slice(at)])).toEqual(whole);
    expect(await cut([...table])).toEqual(whole);
  });

  it('that never end are an error, with the line', async () => {
    const endless = ['h\n"', ...Array.from({ length: 30 }, () => 'x\n'.repeat(20_000))];
    expect(await failure(cut(endless))).toMatchObject({
      code: 'source/bad-shape',
      message: expect.stringContaining('x.csv, line 2'),
      hint: expect.stringContaining('never closed'),
    });
  });
});
