import {
  type ArchivedPageRow,
  asOutturnError,
  type PullRow,
  type RawPage,
  type ReplayProblem,
  type ReplayRequest,
  type ReplayResult,
  type StagedRow,
  type Store,
} from '#kit';
import { cancelled } from './abort.ts';
import { readManifest } from './manifest.ts';
import { type ReplaysParts, ROWS_AT_ONCE } from './replay-parts.ts';
import { PulledRows, type RowBatch } from './rows.ts';
import { streamVersionOf, type Target } from './target.ts';

const PULLS_AT_ONCE = 50;
const PAGES_AT_ONCE = 100;
const MOST_DEFINITIONS = 20;
/** The first and the last instant that a sample may have; wide enough for every window of a pull. */
const EVER = { fromMs: Date.parse('0001-01-01T00:00:00Z'), toMs: Date.parse('9999-12-31T23:59:59Z') };

/**
 * Pulls newest first, pages of each newest first: what is staged first stays, so the newest observation counts, however much the
 * windows overlap. Memory holds one page; all else lies in tables of the store.
 */
export async function stagePulls(
  parts: ReplaysParts,
  request: ReplayRequest,
  target: Target,
  replayId: string,
  { signal, progress }: { signal: AbortSignal; progress(pages: number): void },
) {
  const { store } = parts;
  const found = {
    pulls: 0,
    pages: 0,
    removed: null as ReplayResult['removed'],
    definitions: [] as ReplayResult['definitions'],
    rows: 0,
    problems: [] as ReplayProblem[],
    problemCount: 0,
  };
  const fail = (problem: ReplayProblem): void => {
    found.problemCount++;
    if (found.problems.length < request.limit) found.problems.push(problem);
  };
  const today = streamVersionOf(target);
  const window = { fromMs: request.fromMs ?? EVER.fromMs, toMs: request.toMs ?? EVER.toMs };
  for (let beforeId: string | null = null; ; ) {
    const pulls: PullRow[] = await store.pulls.overlapping(request.connector, request.stream, window, {
      beforeId,
      limit: PULLS_AT_ONCE,
      earlier: request.earlier ?? false,
    });
    for (const pull of pulls) {
      found.pulls++;
      const version = pull.streamVersion;
      const definition = found.definitions.find((each) => each.version === version);
      if (definition !== undefined) definition.pulls++;
      // A stream that is defined anew each day has as many definitions as days: beyond the newest they are one.
      else if (found.definitions.length < MOST_DEFINITIONS)
        found.definitions.push({ version, isToday: version === today, pulls: 1 });
      if (pull.kind !== null && pull.kind !== target.kind.kind) {
        fail({
          pullId: pull.id,
          seq: null,
          sha256: null,
          code: 'config/unknown-kind',
          message: `it was read by the kind ${pull.kind}, the connector is of the kind ${target.kind.kind} now`,
        });
        continue;
      }
      for await (const page of pagesOf(store, pull.id)) {
        if (signal.aborted) throw cancelled(signal);
        found.pages++;
        progress(found.pages);
        const { removedAtMs } = page;
        if (removedAtMs !== null) {
          found.removed = {
            pages: (found.removed?.pages ?? 0) + 1,
            firstAtMs: Math.min(found.removed?.firstAtMs ?? removedAtMs, removedAtMs),
            lastAtMs: Math.max(found.removed?.lastAtMs ?? removedAtMs, removedAtMs),
          };
          continue;
        }
        try {
          const batch = await parsePage(parts, target, pull, page);
          found.rows += batch.size;
          await stageBatch(store, replayId, pull.id, page.sha256, batch);
        } catch (thrown) {
          const { code, message } = asOutturnError(thrown);
          if (code.startsWith('storage/') || code === 'internal') throw thrown;
          fail({ pullId: pull.id, seq: page.seq, sha256: page.sha256, code, message: parts.redact(message) });
        }
      }
    }
    const last = pulls.at(-1);
    if (last === undefined) {
      const earlier = await store.pulls.ofEarlierDefinitions(request.connector, request.stream, window);
      return { ...found, earlier };
    }
    beforeId = last.id;
  }
}

async function* pagesOf(store: Store, pullId: string): AsyncGenerator<ArchivedPageRow> {
  for (let beforeSeq: number | null = null; ; ) {
    const pages: ArchivedPageRow[] = await store.pulls.archivedPages(pullId, { beforeSeq, limit: PAGES_AT_ONCE });
    yield* pages;
    const last = pages.at(-1);
    if (last === undefined) return;
    beforeSeq = last.seq;
  }
}

async function parsePage(
  parts: ReplaysParts,
  { kind, connector, stream }: Target,
  pull: PullRow,
  row: ArchivedPageRow,
): Promise<RowBatch> {
  const { contentType, meta } = row.meta === null ? await readManifest(parts.objects, row) : row;
  const page: RawPage = {
    body: (await parts.objects.get(row.objectKey)).toString('utf8'),
    contentType: contentType ?? 'application/json',
    request: { method: row.requestMethod, url: row.requestUrl },
    receivedAtMs: row.receivedAtMs,
    meta: meta ?? {},
  };
  const parsed = await kind.parse(page, {
    options: connector.options,
    stream: stream.options,
    streamId: stream.id,
    extract: parts.extract,
  });
  const rows = new PulledRows(parts.redact);
  // As young as they were when the page came.
  rows.add(parsed, row.sha256, pull.startedAtMs - stream.finalAfterMs);
  return rows.take();
}

async function stageBatch(
  store: Store,
  replayId: string,
  pullId: string,
  pageHash: string,
  batch: RowBatch,
): Promise<void> {
  const costs = batch.costs.map(({ pageHash: _, ...body }): StagedRow => {
    return { kind: 'cost', key: body.sourceKey, body, pullId, pageHash };
  });
  const rates = batch.quotes.map(({ pageHash: _, ...body }): StagedRow => {
    return { kind: 'rate', key: `${body.base} ${body.quote} ${body.date}`, body, pullId, pageHash };
  });
  const others = [...costs, ...rates];
  for (let at = 0; at < Math.max(batch.samples.length, others.length); at += ROWS_AT_ONCE)
    await store.replays.stage(replayId, {
      samples: batch.samples.slice(at, at + ROWS_AT_ONCE).map((row) => ({ ...row, pullId })),
      others: others.slice(at, at + ROWS_AT_ONCE),
    });
  await store.replays.stagePage(replayId, { pullId, pageHash });
}
