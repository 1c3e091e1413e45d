import { asOutturnError, type Finding, firstRowLine, type StreamContext } from '#kit';
import { parsePage } from './answer.ts';
import type { FocusOptions, FocusStream } from './options.ts';
import { pullBills } from './pull.ts';

/** So many pieces of a million characters are read: a bill can take minutes. */
const MOST_PIECES = 5;

const ASPECTS: Readonly<Record<string, string>> = {
  'source/unauthorised': 'credentials',
  'source/forbidden': 'permission',
  'source/unreachable': 'connectivity',
  'source/timeout': 'connectivity',
  'source/blocked-address': 'connectivity',
  'source/tls': 'tls',
};

/** Lists the files for real, and reads the first few megabytes of them. */
export async function checkStream(ctx: StreamContext<FocusOptions, FocusStream>): Promise<Finding[]> {
  const { path } = ctx.stream;
  const finding = (level: Finding['level'], aspect: string, message: string, hint?: string): Finding => ({
    level,
    aspect,
    stream: ctx.streamId,
    message,
    hint,
  });
  try {
    const window = { fromMs: 0, toMs: ctx.nowMs() };
    const warnings = new Set<string>();
    let sample: string | null = null;
    for await (const page of pullBills({ ...ctx, window }, { mostPieces: MOST_PIECES })) {
      const parsed = parsePage(page, ctx);
      sample ??= firstRowLine(parsed);
      for (const warning of parsed.warnings) warnings.add(warning);
    }
    return [
      sample === null
        ? finding(
            'warning',
            'sample',
            `${path}: no sum comes of the first lines`,
            'Check projectRef, categories and quantity.',
          )
        : finding('ok', 'sample', `${path}: the first sum is ${sample}`),
      ...[...warnings].slice(0, 5).map((warning) => finding('warning', 'sample', warning)),
    ];
  } catch (thrown) {
    const error = asOutturnError(thrown);
    if (error.code === 'internal' || error.code.startsWith('queue/')) throw thrown;
    const aspect = ASPECTS[error.code] ?? (error.code.startsWith('config/') ? 'file' : 'sample');
    return [finding('error', aspect, error.message, error.hint)];
  }
}
