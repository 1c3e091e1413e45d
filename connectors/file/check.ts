import { asOutturnError, type Finding, type StreamContext } from '#kit';
import type { FileOptions, FileStream } from './options.ts';
import { parsePage } from './parse.ts';
import { pullFiles } from './pull.ts';

/** Reads the files for real, to the last line. */
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
    let sample = '';
    const warnings: string[] = [];
    for await (const page of pullFiles({ ...ctx, window })) {
      const parsed = parsePage(page, ctx);
      pages++;
      rows += parsed.measurements.length + parsed.costs.length;
      sample ||= JSON.stringify(parsed.measurements[0] ?? parsed.costs[0] ?? '');
      warnings.push(...parsed.warnings);
    }
    return [
      rows === 0
        ? finding('warning', 'sample', `${ctx.stream.path}: ${pages} pages, but no row in them`)
        : finding('ok', 'sample', `${ctx.stream.path}: ${rows} rows, the first is ${sample}`),
      ...warnings.slice(0, 5).map((warning) => finding('warning', 'sample', warning)),
    ];
  } catch (thrown) {
    const error = asOutturnError(thrown);
    if (error.code === 'internal' || error.code.startsWith('queue/')) throw thrown;
    return [finding('error', error.code.startsWith('config/') ? 'file' : 'sample', error.message, error.hint)];
  }
}
