import { type OutboxRow, OutturnError, type PullSummary, type Store } from '#kit';

export type PullFigures = Pick<PullSummary, 'connector' | 'stream' | 'pages' | 'rows' | 'inserted' | 'revisions'>;

/** Collapsed into a job that was itself collapsed: never that many times. */
const MAX_STEPS = 20;

/**
 * What a finished pull of this stream brought: its own result, or, when the queue did it together with another job of the
 * same work, the result of that one; else the newest pull that succeeded. Throws `internal` when there is none.
 */
export async function pullFigures(
  store: { outbox: Pick<Store['outbox'], 'get'>; pulls: Pick<Store['pulls'], 'latest'> },
  { connector, stream }: { connector: string; stream: string },
  job: OutboxRow,
): Promise<PullFigures> {
  let doer: OutboxRow | null = job;
  for (let step = 0; doer?.state === 'collapsed' && step < MAX_STEPS; step++) {
    const into: string | null = collapsedInto(doer.result);
    doer = into === null ? null : await store.outbox.get(into);
  }
  const counts =
    (doer?.state === 'succeeded' ? countsOf(doer.result) : null) ??
    countsOf(await store.pulls.latest(connector, stream));
  if (counts === null)
    throw new OutturnError(
      'internal',
      `The pull of ${connector}.${stream} is done, but nothing tells what it brought.`,
    );
  return { connector, stream, ...counts };
}

function collapsedInto(result: unknown): string | null {
  const into = fieldsOf(result)['collapsedInto'];
  return typeof into === 'string' ? into : null;
}

/** A result comes from a JSON column: it is looked at, not believed. */
function countsOf(result: unknown): Pick<PullFigures, 'pages' | 'rows' | 'inserted' | 'revisions'> | null {
  const { pages, rows, inserted, revisions } = fieldsOf(result);
  return isCount(pages) && isCount(rows) && isCount(inserted) && isCount(revisions)
    ? { pages, rows, inserted, revisions }
    : null;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value);
const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};
