import type { OutboxRow } from '#kit';
import type { JobDetailView, JobView } from '#src/main/job-view';
import { isRetrying } from '#src/main/work';
import type { Io } from './io.ts';
import { outcome, paintState, shortIds } from './job-words.ts';
import { table } from './table.ts';
import { age, instantWords } from './times.ts';

/** One job for people: what it is, each of its runs, what led to it and what it led to, and what can be done. */
export function jobDetails(
  io: Pick<Io, 'color' | 'columns'>,
  row: OutboxRow,
  view: JobDetailView,
  { subjects, covering }: { subjects: ReadonlyMap<string, string>; covering: string | undefined },
): string[] {
  const ended = row.state === 'succeeded' || row.state === 'collapsed';
  const fields: [string, string | null][] = [
    ['job', view.id],
    ['kind', view.kind],
    ['about', subjects.get(row.id) || null],
    ['state', paintState(io, row)],
    ['error', view.error === null ? null : `${io.color.red(view.error.code)}: ${view.error.message}`],
    ['outcome', ended ? outcome(view) : null],
    ['done by', covering === undefined ? null : `the job ${covering.slice(0, 8)}`],
    ['progress', view.progress === null || ended ? null : `${view.progress.done} of ${view.progress.total}`],
    ['tries', String(view.attempts)],
    ['replays', view.replays === 0 ? null : String(view.replays)],
    ['queue', `${view.queue}, priority ${view.priority}`],
    ['arguments', JSON.stringify(view.args)],
    ['cause', view.cause],
    ['created', view.createdAt],
    ['not before', view.notBefore],
    ['started', view.startedAt],
    ['finished', view.finishedAt],
    ['result', view.result === null ? null : JSON.stringify(view.result)],
  ];
  const lines = fields.flatMap(([name, value]) =>
    value === null ? [] : [`${io.color.dim(name.padEnd(10))} ${value}`],
  );
  if (view.runs.length > 0) lines.push('', io.color.bold('Runs'), runs(io, view));
  if (view.ancestors.length + view.descendants.length > 0)
    lines.push('', io.color.bold('What led to it, and what it led to'), ...lineage(io, view, subjects));
  const next = advice(row);
  if (next !== null) lines.push('', `→ ${next}`);
  return lines;
}

function runs(io: Pick<Io, 'color' | 'columns'>, view: JobDetailView): string {
  const paint = (text: string): string => {
    if (text === 'succeeded') return io.color.green(text);
    if (text === 'running') return io.color.cyan(text);
    return text === 'retried' || text === 'released' ? io.color.yellow(text) : io.color.red(text);
  };
  return table(
    io,
    [
      { head: 'try', align: 'right' },
      { head: 'began' },
      { head: 'took', align: 'right' },
      { head: 'outcome' },
      { head: 'worker', wraps: true, optional: 1 },
    ],
    view.runs.map((run) => ({
      cells: [
        String(run.attempt),
        instantWords(Date.parse(run.startedAt)),
        run.endedAt === null ? null : took(Date.parse(run.endedAt) - Date.parse(run.startedAt)),
        run.outcome === 'died' ? io.color.red('worker died') : paint(run.outcome),
        run.instance,
      ],
      note: run.error === null ? undefined : `${io.color.red(run.error.code)}: ${run.error.message}`,
    })),
  );
}

const took = (ms: number): string => (ms < 1_000 ? `${Math.max(0, ms)}ms` : age(ms));

/** The chain from the first cause down to the job, and below it the tree of what it caused. */
export function lineage(
  io: Pick<Io, 'color'>,
  view: Pick<JobDetailView, 'ancestors' | 'descendants'> & JobView,
  subjects: ReadonlyMap<string, string>,
): string[] {
  const [first] = view.ancestors.slice(-1);
  const line = (job: JobView, depth: number): string => {
    const words = [job.kind, subjects.get(job.id) ?? ''].filter((word) => word !== '').join(' ');
    const name = job.id === view.id ? io.color.bold(words) : words;
    const state = job.state === 'failed' ? io.color.red(job.state) : job.state;
    return `${'  '.repeat(depth)}${depth === 0 ? '' : '└ '}${name} ${io.color.dim(job.id.slice(0, 8))} ${state}`;
  };
  const lines = [shortIds((first ?? view).cause)];
  const chain = [...view.ancestors].reverse();
  for (const [index, job] of chain.entries()) lines.push(line(job, index + 1));
  const walk = (job: JobView, depth: number): void => {
    lines.push(line(job, depth));
    for (const child of view.descendants) if (child.parentId === job.id && child.id !== job.id) walk(child, depth + 1);
  };
  walk(view, chain.length + 1);
  return lines;
}

function advice(row: OutboxRow): string | null {
  if (isRetrying(row)) return 'It is tried again while a worker runs: `outturn up` or `outturn worker`.';
  if (row.state !== 'failed') return null;
  const { connector } = (row.args ?? {}) as Record<string, unknown>;
  const replay = `\`outturn jobs replay ${row.id.slice(0, 8)} --dry-run\` tells what another try would do`;
  if (row.kind === 'pull' && typeof connector === 'string')
    return `\`outturn check ${connector}\` tries the source; ${replay}.`;
  return `It is not tried again by itself: ${replay}.`;
}
