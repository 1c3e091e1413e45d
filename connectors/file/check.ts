import { asOutturnError, type Finding, firstRowLine, type StreamContext } from '#kit';
import type { FileOptions, FileStream } from './options.ts';
import { parsePage } from './parse.ts';
import { pullFiles } from './pull.ts';

/** So much is read of a set of files that would take long. */
const MOST_PAGES = 50;

const ASPECTS: Readonly<Record<string, string>> = {
  'source/unauthorised': 'credentials',
  'source/forbidden': 'permission',
  'source/unreachable': 'connectivity',
  'source/timeout': 'connectivity',
  'source/blocked-address': 'connectivity',
  'source/tls': 'tls',
};

/** Reads the files for real, to the last line or fifty pages of a million characters. */
export async function checkStream(ctx: StreamContext<FileOptions, FileStream>): Promise<Finding[]> {
  const finding = (level: Finding['level'], aspect: string, message: string, hint?: string): Finding => ({
    level,
    aspect,
    stream: ctx.streamId,
    message,
    hint,
  });
  try {
    const window = { fromMs: 0, toMs: ctx.nowMs() };
    let rows = 0;
    let pages = 0;
    let sample: string | null = null;
    const warnings: string[] = [];
    for await (const page of pullFiles({ ...ctx, window })) {
      const parsed = parsePage(page, ctx);
      pages++;
      rows += parsed.measurements.length + parsed.costs.length;
      sample ??= firstRowLine(parsed);
      warnings.push(...parsed.warnings);
      if (pages === MOST_PAGES) break;
    }
    const read = pages === MOST_PAGES ? `${rows} rows in the first ${pages} pages` : `${rows} rows`;
    return [
      rows === 0
        ? finding('warning', 'sample', `${ctx.stream.path}: ${pages} pages, but no row in them`)
        : finding('ok', 'sample', `${ctx.stream.path}: ${read}, the first is ${sample}`),
      ...warnings.slice(0, 5).map((warning) => finding('warning', 'sample', warning)),
    ];
  } catch (thrown) {
    const error = asOutturnError(thrown);
    if (error.code === 'internal' || error.code.startsWith('queue/')) throw thrown;
    const aspect = ASPECTS[error.code] ?? (error.code.startsWith('config/') ? 'file' : 'sample');
    return [finding('error', aspect, error.message, error.hint)];
  }
}
