import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import {
  type FetchPurpose,
  type HttpClient,
  type ParsedPage,
  type PullContext,
  type RawPage,
  requireReadable,
} from '#kit';
import { cancelled, orAborted, untilAborted } from './abort.ts';
import { type OnWait, patientHttp } from './patient-http.ts';
import type { PullPlan } from './plan.ts';
import type { PullRunnerParts } from './runner-parts.ts';
import type { Target } from './target.ts';

/** Rows taken over at once from a page: between two slices the process hears of a cancel. */
const SLICE_ROWS = 5_000;

interface Reading {
  target: Target;
  planned: PullPlan;
  purpose: FetchPurpose;
  signal: AbortSignal;
  /** Comes before parsing, so that evidence of a bad page exists; gives the page's hash. */
  keep(page: RawPage): Promise<string>;
  /** Sees every request. Absent: nobody looks. */
  observe?(http: HttpClient): HttpClient;
}

/** Rows of one page, or some of them. */
interface PageSlice {
  rows: ParsedPage;
  /** Of the page. */
  hash: string;
  /** Of text that was parsed: with the last slice of each page. */
  bytes: number;
  completeToMs: number | null;
}

/** The source's pages, parsed, in slices. Throws what source and parser throw, and `cancelled` as soon as `signal` aborts. */
export async function* readPages(parts: PullRunnerParts, reading: Reading): AsyncGenerator<PageSlice> {
  const { target, signal, keep } = reading;
  const { kind, connector, stream } = target;
  const parseContext = {
    options: connector.options,
    stream: stream.options,
    streamId: stream.id,
    extract: parts.extract,
  };
  for await (const page of untilAborted(kind.pull(contextOf(parts, reading)), signal)) {
    const hash = await orAborted(keep(page), signal);
    const { parser } = parts;
    const isLarge = parser !== undefined && page.body.length >= parser.leastCharacters;
    const parsing = isLarge ? parser.parse(kind, page, parseContext, signal) : kind.parse(page, parseContext);
    const parsed = await orAborted(parsing, signal);
    const { measurements, ...others } = parsed;
    for (let at = SLICE_ROWS; at < measurements.length; at += SLICE_ROWS) {
      const rows = { measurements: measurements.slice(at - SLICE_ROWS, at), costs: [], warnings: [] };
      yield { rows, hash, bytes: 0, completeToMs: null };
      await turnOfTheLoop();
      if (signal.aborted) throw cancelled(signal);
    }
    const last = Math.max(0, Math.ceil(measurements.length / SLICE_ROWS) - 1) * SLICE_ROWS;
    yield {
      rows: { ...others, measurements: last === 0 ? measurements : measurements.slice(last) },
      hash,
      bytes: page.body.length,
      completeToMs: page.completeToMs ?? null,
    };
  }
  if (signal.aborted) throw cancelled(signal);
}

function contextOf(
  parts: PullRunnerParts,
  { target, planned, purpose, signal, observe = (http) => http }: Reading,
): PullContext<unknown, unknown> {
  const { connector, stream } = target;
  requireReadable(connector);
  const name = { connector: connector.id, stream: stream.id };
  const log = parts.log.child(name);
  const onWait: OnWait = ({ code, message }, waitMs) => {
    const reason = parts.redact(message);
    log.info({ code, reason, waitMs }, 'the source could not answer; it is asked again');
    const end = parts.waits?.begin({ ...name, untilMs: parts.clock.nowMs() + waitMs, reason });
    return () => end?.();
  };
  return {
    options: connector.options,
    http: patientHttp(observe(parts.fetch.client(connector, signal, { purpose })), signal, onWait),
    files: parts.files,
    sql: parts.sql,
    extract: parts.extract,
    log,
    nowMs: () => parts.clock.nowMs(),
    signal,
    stream: stream.options,
    streamId: stream.id,
    window: planned.window,
  };
}
