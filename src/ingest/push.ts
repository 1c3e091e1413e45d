import { createHash } from 'node:crypto';
import {
  type Clock,
  type Config,
  type Extractor,
  type Logger,
  type Metrics,
  nearest,
  type ObjectStore,
  type ParsedPage,
  PermanentError,
  PUSHED,
  type PushAnswer,
  type PushedDocument,
  type PushedRow,
  type PushProblem,
  type PushReceiver,
  type RawPage,
  type Registry,
  readCost,
  readMeasurement,
  readRows,
  type Store,
} from '#kit';
import { writeSeries } from './push-series.ts';
import { type PushTarget, pushTarget } from './push-target.ts';
import { askRecomputes, keepPage, storePushed } from './store-push.ts';

export interface PushReceiverParts {
  config: Config;
  registry: Registry;
  store: Store;
  objects: ObjectStore;
  extract: Extractor;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Absent: secrets do not change under it. */
  refreshSecrets?: (() => Promise<void>) | undefined;
  newId(): string;
  redact(text: string): string;
}

/** Named in one answer; the rest is counted. */
const MOST_PROBLEMS = 100;
const MOST_ROWS = 50_000;
/** A sender that repeats itself does so within days. */
const RECEIPT_KEPT_MS = 7 * 86_400_000;
const iso = (atMs: number): string => new Date(atMs).toISOString();

export function createPushReceiver(parts: PushReceiverParts): PushReceiver {
  return {
    refresh: async () => parts.refreshSecrets?.(),
    store: (document) => store(parts, document),
    write: (connector, series) => writeSeries(parts, pushTarget(parts, connector), series),
  };
}

async function store(parts: PushReceiverParts, document: PushedDocument): Promise<PushAnswer> {
  const startedAtMs = parts.clock.nowMs();
  const target = pushTarget(parts, document.connector);
  const sha256 = createHash('sha256')
    .update(JSON.stringify([document.entity, document.format, document.stream]))
    .update(document.body)
    .digest('hex');
  const known = await earlier(parts.store, document, sha256);
  if (known !== null) return known;

  const page: RawPage = {
    body: document.body,
    contentType: document.format === 'json' ? 'application/json' : 'application/x-ndjson',
    request: { method: 'POST', url: `/v1/${document.entity}` },
    receivedAtMs: document.receivedAtMs,
    meta: { format: document.format, entity: document.entity, stream: document.stream },
  };
  const streams = checkedStreams(target, document);
  const parsed = await Promise.all(
    streams.map(async (stream): Promise<[PushTarget['streams'][number], ParsedPage]> => {
      const context = { options: target.options, stream: stream.options, streamId: stream.id, extract: parts.extract };
      return [stream, await target.kind.parse(page, context)];
    }),
  );
  const kept = await keepPage(parts, page);
  const answer = await parts.store.transaction(
    async (tx): Promise<PushAnswer> => {
      if (document.idempotencyKey !== null) {
        await tx.lock(`push ${target.id} ${document.idempotencyKey}`);
        const meanwhile = await earlier(tx, document, sha256);
        if (meanwhile !== null) return meanwhile;
      }
      const stored: PushAnswer = { connector: target.id, streams: [], repeated: false };
      const projects = new Set<string>();
      for (const [stream, rows] of parsed) {
        const pullId = parts.newId();
        const { projects: affected, ...counts } = await storePushed(tx, {
          target,
          stream,
          pullId,
          jobId: PUSHED,
          attempt: 1,
          observedAtMs: document.receivedAtMs,
          kept,
          objects: parts.objects,
          parsed: rows,
        });
        stored.streams.push({ stream: stream.id, pullId, ...counts });
        for (const project of affected) projects.add(project);
      }
      await askRecomputes(tx, projects, { cause: `push to ${target.id}`, parentId: null, nowMs: parts.clock.nowMs() });
      if (document.idempotencyKey !== null)
        await tx.push.keepReceipt(
          { connector: target.id, key: document.idempotencyKey, chunk: document.chunk, sha256, answer: stored },
          { forgetBeforeMs: document.receivedAtMs - RECEIPT_KEPT_MS },
        );
      return stored;
    },
    { records: true },
  );
  if (!answer.repeated)
    for (const { stream, rows, revisions } of answer.streams)
      parts.metrics.pullFinished({
        connector: target.id,
        stream,
        outcome: 'succeeded',
        rows,
        revisions,
        durationMs: parts.clock.nowMs() - startedAtMs,
      });
  return answer;
}

async function earlier(
  { push }: Pick<Store, 'push'>,
  { connector, idempotencyKey, chunk }: PushedDocument,
  sha256: string,
): Promise<PushAnswer | null> {
  const receipt = idempotencyKey === null ? null : await push.receipt(connector, idempotencyKey, chunk);
  if (receipt === null) return null;
  if (receipt.sha256 !== sha256)
    throw new PermanentError('api/key-reused', 'This Idempotency-Key came before with another body.', {
      hint: 'Send another body with a key of its own; the same body may come again with the same key.',
    });
  return { ...(receipt.answer as PushAnswer), repeated: true };
}

/** The streams that have rows, in order of their ids. Throws `api/invalid-request` naming everything that is wrong. */
function checkedStreams(target: PushTarget, document: PushedDocument): PushTarget['streams'] {
  const { entity, receivedAtMs } = document;
  const { rows, problems } = readRows(document.body, document);
  const accepting = target.streams.filter(({ options }) => options.accepts === entity);
  const ids = accepting.map(({ id }) => id);
  const used = new Set<PushTarget['streams'][number]>();
  const wrong = (row: PushedRow, key: string, message: string): void =>
    void problems.push({ pointer: `${row.pointer}/${key}`, line: row.line, message });
  if (rows.length > MOST_ROWS)
    throw new PermanentError('api/too-large', `${rows.length} rows at once; at most ${MOST_ROWS} are taken.`, {
      hint: 'Send several batches, or lines (application/x-ndjson), which are stored as they come.',
    });
  for (const row of rows) {
    const stream = accepting.find(({ id }) => id === row.stream);
    if (stream !== undefined) used.add(stream);
    else if (!('stream' in row.cells) || typeof row.cells['stream'] === 'string')
      wrong(row, 'stream', streamWords(row.stream, entity, ids, target));
    if (entity === 'costs') {
      problems.push(...readCost(row).problems);
      continue;
    }
    // Of a stream that is misspelt the rest is looked at all the same, as one that is meant would have it.
    const meant = stream ?? accepting.find(({ id }) => id === meantOf(row.stream, ids));
    const read = readMeasurement(row, meant?.options.accepts === 'measurements' ? meant.options : null);
    problems.push(...read.problems);
    if (read.span === null) continue;
    const { atMs, endMs } = read.span;
    if (endMs > receivedAtMs + target.options.maxClockSkew)
      wrong(
        row,
        'at',
        `it ends at ${iso(endMs)}, and it is ${iso(receivedAtMs)} here: send it when it is over, or mend the clock`,
      );
    else if (atMs < Date.UTC(1970, 0, 1)) wrong(row, 'at', 'lies before 1970');
  }
  if (rows.length === 0 && problems.length === 0)
    problems.push({ pointer: '', message: 'there is not a single row in it' });
  if (problems.length > 0) throw invalid(problems, document);
  return [...used].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function streamWords(given: string | null, entity: string, ids: readonly string[], target: PushTarget): string {
  const there = ids.length === 0 ? `${target.id} has no stream that accepts ${entity}` : `it has ${ids.join(', ')}`;
  if (given === null) return `is required: the stream that it belongs to; ${there}`;
  const meant = meantOf(given, ids);
  const other = target.streams.find(({ id }) => id === given);
  if (other !== undefined) return `"${other.id}" accepts ${other.options.accepts}, not ${entity}; ${there}`;
  return `${target.id} has no such stream; ${there}${meant === null ? '' : `. Did you mean "${meant}"?`}`;
}

/** Where there is one stream alone, a row that names none means that. */
const meantOf = (given: string | null, ids: readonly string[]): string | null =>
  given === null ? (ids.length === 1 ? (ids[0] ?? null) : null) : nearest(given, [...ids]);

/** By rows: what is no row at all is found first. */
const byPlace = (a: PushProblem, b: PushProblem): number => placeOf(a) - placeOf(b);
const placeOf = ({ line, pointer }: PushProblem): number => line ?? Number(/\d+/.exec(pointer)?.[0] ?? 0);

function invalid(
  problems: readonly PushProblem[],
  { format, firstLine }: Pick<PushedDocument, 'format' | 'firstLine'>,
): PermanentError {
  const shown = [...problems]
    .sort(byPlace)
    .slice(0, MOST_PROBLEMS)
    .map(({ pointer, line, message }) => ({
      path: `${line === undefined ? '' : `line ${line} `}${pointer.slice(1).replaceAll('/', '.')}`.trim() || '(body)',
      pointer,
      ...(line === undefined ? {} : { line }),
      message,
    }));
  const more = problems.length - shown.length;
  const first = shown[0];
  // Of lines, the parts before this one are committed.
  const isLaterPart = format === 'ndjson' && firstLine > 1;
  const stored = isLaterPart
    ? `the lines up to ${firstLine - 1} are stored, nothing from line ${firstLine} on`
    : 'nothing of it is stored';
  return new PermanentError(
    'api/invalid-request',
    `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}; ${stored}; the first: ${first?.path}: ${first?.message}${more > 0 ? ` (${MOST_PROBLEMS} are listed)` : ''}`,
    {
      hint: `Mend what \`errors\` names and send ${isLaterPart ? `line ${firstLine} and what follows` : 'it'} again.`,
      facts: { errors: shown },
    },
  );
}
