/** What runs in the thread that parses large pages: one page at a time. */
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { answerOf, type ParseContext, type ParsedPage, type RawPage, type ThreadAnswer } from '#kit';
import { createExtractor } from '#src/extract/index';
import { connectorKinds } from './registry.ts';

export interface PageTask {
  kind: string;
  page: RawPage;
  context: Omit<ParseContext<unknown, unknown>, 'extract'>;
}
/** Measurements come in slices, each asked for, so that taking them over holds nobody up either; the rest comes last. */
export type PageAnswer =
  | { kind: 'measurements'; rows: ParsedPage['measurements'] }
  | { kind: 'end'; answer: ThreadAnswer<Omit<ParsedPage, 'measurements'>> };

const SLICE_ROWS = 5_000;
const extract = createExtractor();

if (parentPort !== null) {
  const port = parentPort;
  port.on('message', async (task: PageTask | 'next') => {
    if (task === 'next') return;
    const answer = await answerOf(async () => {
      const kind = connectorKinds.find((each) => each.kind === task.kind);
      if (kind === undefined) throw new Error(`there is no kind ${task.kind}`);
      return await kind.parse(task.page, { ...task.context, extract });
    });
    if (!answer.ok) return port.postMessage({ kind: 'end', answer } satisfies PageAnswer);
    const { measurements, ...rest } = answer.value;
    for (let at = 0; at < measurements.length; at += SLICE_ROWS) {
      const asked = once(port, 'message');
      port.postMessage({ kind: 'measurements', rows: measurements.slice(at, at + SLICE_ROWS) } satisfies PageAnswer);
      await asked;
    }
    port.postMessage({ kind: 'end', answer: { ok: true, value: rest } } satisfies PageAnswer);
  });
}
