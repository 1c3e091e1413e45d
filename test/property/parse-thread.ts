import { parentPort } from 'node:worker_threads';
import type { ParseContext, RawPage } from '#kit';
import { createExtractor } from '#src/extract/index';
import { loadKinds } from '../contract/connectors/case.ts';

/** A page to be parsed in a thread of its own, and what its parser is given besides. */
export interface ParseTask {
  folder: string;
  page: RawPage;
  context: Omit<ParseContext<unknown, unknown>, 'extract'>;
}

export interface ParseOutcome {
  rows: number;
  /** Code of the error, of what was refused. */
  refused: string | null;
  /** Of the thread that parsed: what no event and no cancel can interrupt. */
  cpuMs: number;
}

const kinds = new Map((await loadKinds()).map(({ folder, kind }) => [folder, kind]));
const extract = createExtractor();

parentPort?.on('message', async ({ folder, page, context }: ParseTask) => {
  const kind = kinds.get(folder);
  if (kind === undefined) throw new Error(`there is no kind ${folder}`);
  const before = process.threadCpuUsage();
  let rows = 0;
  let refused: string | null = null;
  try {
    const { measurements, costs, quotes = [] } = await kind.parse(page, { ...context, extract });
    rows = measurements.length + costs.length + quotes.length;
  } catch (thrown) {
    refused = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  }
  const { user, system } = process.threadCpuUsage(before);
  parentPort?.postMessage({ rows, refused, cpuMs: (user + system) / 1000 } satisfies ParseOutcome);
});
parentPort?.postMessage('ready');
