/** Digest facts as mail, Slack message, HTML and CSV report: pure functions of the facts, run in threads of their own. */
import type { MessageRenderer, ReportRenderer } from '#kit';
import { createThreadPool, type ThreadPool } from './pool.ts';
import type { RenderResults, RenderTask } from './thread.ts';

export interface RendererSettings {
  /** Absent: two, or one less than the machine has cores. */
  threads?: number | undefined;
  /** Heap of each thread; absent: 512. */
  memoryMb?: number | undefined;
}
/** Errors: `render/out-of-memory`, `render/timeout`, `queue/interrupted` once closed; the reason of the signal given. */
export type Renderer = MessageRenderer & ReportRenderer & { close(): Promise<void> };

/** The event loop stays free for locks, timers and requests however large a report is. No thread runs before the first task. */
export function createRenderer(settings: RendererSettings = {}): Renderer {
  const pool = adopted(settings) ?? openPool(settings);
  const run = <K extends RenderTask['kind']>(task: RenderTask & { kind: K }, signal: AbortSignal | undefined) =>
    pool.run<RenderResults[K]>(task, { signal });
  return {
    async mail(facts, { test, signal }) {
      const mail = await run({ kind: 'mail', facts, test }, signal);
      return { ...mail, attachments: mail.attachments.map((each) => ({ ...each, body: asBuffer(each.body) })) };
    },
    async slack(facts, { test, signal }) {
      const message = await run({ kind: 'slack', facts, test }, signal);
      const { chart } = message;
      return { ...message, chart: chart === null ? null : { ...chart, png: asBuffer(chart.png) } };
    },
    async render(input, format, { signal } = {}) {
      const report = await run({ kind: 'report', input, format }, signal);
      return { ...report, body: asBuffer(report.body) };
    },
    close: () => pool.close(),
  };
}

/** Starts a thread and loads its libraries ahead of the first message, while there is time. The next renderer takes it over. */
export async function preloadRenderer(): Promise<void> {
  warm ??= openPool({});
  await warm.run({ kind: 'preload' } satisfies RenderTask);
}

let warm: ThreadPool | null = null;
function adopted({ threads, memoryMb }: RendererSettings): ThreadPool | null {
  if (threads !== undefined || memoryMb !== undefined) return null;
  const pool = warm;
  warm = null;
  return pool;
}

function openPool(settings: RendererSettings): ThreadPool {
  // Threads run the same form of the program: TypeScript in a checkout, JavaScript in the package.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return createThreadPool({ ...settings, file: new URL(`./thread.${extension}`, import.meta.url) });
}

/** Bytes lose their class on the way from a thread. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
