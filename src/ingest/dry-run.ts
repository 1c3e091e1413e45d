import type { CostLine, Measurement } from '#domain';
import type { DryRunResult, HttpClient, IngestQuote, PullRunner, RawPage } from '#kit';
import { cancelled } from './abort.ts';
import { requireSameUnits } from './affected.ts';
import { expectedOf, judgeCompleteness } from './completeness.ts';
import { planDue } from './due-window.ts';
import { FirstAndLast } from './first-and-last.ts';
import { located } from './located.ts';
import { observedHttp } from './observed-http.ts';
import { readPages } from './read-pages.ts';
import { PulledRows } from './rows.ts';
import { type PullRunnerParts, USUAL_BOUNDS } from './runner-parts.ts';
import { findPulled } from './target.ts';

/** Of each kind at the beginning, and as many at the end, of what a dry run gives back. */
const SHOWN_ROWS = 1_000;
const MOST_SHOWN_OF_BODY = 2_000;

/** The same requests and parsing as a pull; nothing is written. */
export async function dryRun(
  parts: PullRunnerParts,
  request: Parameters<PullRunner['dryRun']>[0],
  signal: AbortSignal,
): Promise<DryRunResult> {
  const { clock, store } = parts;
  const target = findPulled(parts, request);
  const planned = await planDue(parts, target, request);
  const requests: DryRunResult['requests'] = [];
  const exchanges: DryRunResult['exchanges'] = [];
  const observe = (http: HttpClient): HttpClient =>
    observedHttp(http, clock.nowMs, ({ url, body, ...exchange }) =>
      exchanges.push({
        ...exchange,
        url: parts.redact(url),
        // Cut when it is masked: half a secret would not be known for one.
        ...(body === undefined ? {} : { body: parts.redact(body).slice(0, MOST_SHOWN_OF_BODY) }),
      }),
    );
  try {
    const rows = new PulledRows(parts.redact);
    const finalUpToMs = clock.nowMs() - target.stream.finalAfterMs;
    const note = async ({ request: { method, url }, body }: RawPage): Promise<string> => {
      requests.push({ method, url: parts.redact(url), bytes: Buffer.byteLength(body) });
      return '';
    };
    const projects = await store.projects.list();
    const shown = {
      measurements: new FirstAndLast<Measurement>(SHOWN_ROWS),
      costs: new FirstAndLast<CostLine>(SHOWN_ROWS),
      quotes: new FirstAndLast<Omit<IngestQuote, 'pageHash'>>(SHOWN_ROWS),
    };
    const strip = <T extends { pageHash: unknown }>({ pageHash: _, ...row }: T) => row;
    const show = (): void => {
      const batch = rows.take();
      requireSameUnits(projects, request, batch.samples);
      shown.measurements.add(batch.samples.map(strip));
      shown.costs.add(batch.costs.map(strip));
      shown.quotes.add(batch.quotes.map(strip));
    };
    const reading = { target, planned, purpose: 'live', signal, keep: note, observe } as const;
    const mostRows = parts.bounds?.rows ?? USUAL_BOUNDS.rows;
    for await (const slice of readPages(parts, reading)) {
      rows.add(slice.rows, slice.hash, finalUpToMs);
      if (rows.held >= mostRows) show();
    }
    show();
    const points = expectedOf(target, planned, rows);
    judgeCompleteness(rows, points);
    const isBlank = rows.size === 0 && target.kind.timing(target.stream.options).intervalMs > 0;
    const { measurements, costs, quotes } = shown;
    return {
      ...planned.window,
      requests,
      exchanges,
      completeness: points === null ? null : { received: rows.sampleCount, expected: points },
      watermark: { nowMs: planned.watermarkMs, thenMs: isBlank ? null : planned.advanceToMs },
      counts: { measurements: measurements.count, costs: costs.count, quotes: quotes.count },
      measurements: measurements.items,
      costs: costs.items,
      quotes: quotes.items,
      warnings: rows.warnings(),
    };
  } catch (thrown) {
    throw signal.aborted ? cancelled(signal) : located(thrown, request);
  }
}
