import {
  addDays,
  type EvidenceReference,
  type ExplainNode,
  explainAt,
  explainablePaths,
  instantsOf,
  type LocalDate,
  node,
  type Project,
  pruned,
  type SeriesSource,
  type StoredSample,
  startOfDayMs,
  type ValueMetric,
} from '../domain/index.ts';
import { PermanentError } from './errors.ts';
import { type FigurePorts, type FiguresAt, figuresAt } from './figures-at.ts';
import { nearest } from './nearest.ts';
import type { PullPageRow, PullRow, Store } from './store/index.ts';

export interface ExplainRequest {
  project: string;
  /** `roi`, a metric's id, or a node below one: `failures/2026-07-01`. */
  path: string;
  asOf?: LocalDate | undefined;
  knownAtMs?: number | undefined;
  /** Levels below the node, at most. */
  depth: number;
  /** Children of one node, and samples of one period, at most. */
  limit: number;
}
export interface Explanation {
  project: string;
  asOf: LocalDate;
  knownAtMs: number;
  inputsHash: string;
  tree: ExplainNode;
}

/** Samples that began so long before a period may reach into it. */
const REACH_DAYS = 7;

/**
 * The tree behind a figure: figure → terms → periods → samples → pull → request → archived page. Computed anew from what
 * was recorded by `knownAtMs`, so it explains any figure of the past as well. Throws `not-found` for a project or a path that
 * is not there, with the nearest one as hint.
 */
export async function explain(ports: FigurePorts, request: ExplainRequest): Promise<Explanation> {
  const figures = await figuresAt(ports, request.project, request);
  const whole = explainAt(figures.input, figures.outputs, request.path);
  if (whole === null) throw unknownPath(figures, request.path);
  const evidence = new EvidenceReader(ports.store, figures, request);
  const tree = await evidence.attach(pruned(whole, { depth: request.depth, children: request.limit }), request.depth);
  const { asOf, knownAtMs, inputsHash } = figures;
  return { project: request.project, asOf, knownAtMs, inputsHash, tree };
}

function unknownPath({ input, project }: FiguresAt, path: string): PermanentError {
  const [head = '', ...rest] = path.split('/');
  const known = explainablePaths(input);
  if (known.includes(head))
    return new PermanentError('not-found', `There is nothing at ${path} in the figures of ${project.id}`, {
      hint:
        rest.length > 0
          ? `Open ${head} first: it lists what is below it. Periods are named by their first day.`
          : `${head} holds nothing yet.`,
    });
  const near = nearest(head, known);
  return new PermanentError('not-found', `${project.id} has no figure or metric ${head}`, {
    hint: `${near === null ? '' : `Did you mean ${near}? `}Known are: ${known.join(', ')}.`,
  });
}

class EvidenceReader {
  readonly #store: Store;
  readonly #project: Project;
  readonly #knownAtMs: number;
  readonly #limit: number;
  readonly #pulls = new Map<string, Promise<{ pull: PullRow | null; pages: PullPageRow[] }>>();

  constructor(store: Store, { project, knownAtMs }: FiguresAt, { limit }: ExplainRequest) {
    this.#store = store;
    this.#project = project;
    this.#knownAtMs = knownAtMs;
    this.#limit = limit;
  }

  /** The node with samples, pulls and pages below whatever refers to them, as far as the depth goes. */
  async attach(tree: ExplainNode, depth: number): Promise<ExplainNode> {
    if (depth <= 0) return tree.evidence || tree.origin || tree.quote ? { ...tree, more: tree.more + 1 } : tree;
    const children: ExplainNode[] = [];
    for (const child of tree.children) children.push(await this.attach(child, depth - 1));
    let more = tree.more;
    if (tree.evidence !== null) {
      const samples = await this.#samples(tree.evidence);
      more += Math.max(0, samples.length - this.#limit);
      for (const sample of samples.slice(0, this.#limit)) {
        const found = sampleNode(tree.path, sample, this.#unitOf(tree.evidence), this.#project.timeZone);
        children.push(await this.attach(found, depth - 1));
      }
    }
    const origin = tree.origin ?? (tree.quote && (await this.#quoteOrigin(tree.quote)));
    if (origin !== null) children.push(...(await this.#source(tree.path, origin)));
    return { ...tree, children, more };
  }

  async #quoteOrigin(quote: NonNullable<ExplainNode['quote']>): Promise<ExplainNode['origin']> {
    const stored = await this.#store.fx.find(quote, { knownAtMs: this.#knownAtMs });
    if (stored?.pullId == null || stored.pageHash === null) return null;
    return { pullId: stored.pullId, pageHash: stored.pageHash };
  }

  async #samples({ metricId, side, from, to, frozenOn }: EvidenceReference): Promise<StoredSample[]> {
    const metric = this.#project.metrics.find(({ id }) => id === metricId);
    const source = metric && sourceOf(metric, side);
    if (!source) return [];
    const { fromMs, toMs } = instantsOf({ from, to }, this.#project.timeZone);
    const { timeZone } = this.#project;
    const frozenMs = frozenOn === null ? null : startOfDayMs(addDays(frozenOn, 1), timeZone) - 1;
    const knownAtMs = frozenMs === null ? this.#knownAtMs : Math.min(frozenMs, this.#knownAtMs);
    const range = { fromMs: startOfDayMs(addDays(from, -REACH_DAYS), timeZone), toMs, knownAtMs };
    const samples = await this.#store.measurements.read(source, range);
    return samples.filter(({ atMs, durationMs }) => atMs + Math.max(durationMs, 1) > fromMs);
  }

  #unitOf({ metricId, side }: EvidenceReference): string | null {
    const metric = this.#project.metrics.find(({ id }) => id === metricId);
    return side === 'source' && metric?.kind !== 'ratio' ? (metric?.unit ?? null) : null;
  }

  /** pull → request → page: each the child of the one before. */
  async #source(path: string, { pullId, pageHash }: { pullId: string; pageHash: string }): Promise<ExplainNode[]> {
    const reading =
      this.#pulls.get(pullId) ??
      Promise.all([this.#store.pulls.get(pullId), this.#store.pulls.pages(pullId)]).then(([pull, pages]) => ({
        pull,
        pages,
      }));
    this.#pulls.set(pullId, reading);
    const { pull, pages } = await reading;
    const page = pages.find(({ sha256 }) => sha256 === pageHash);
    const isPush = pull?.kind === 'push';
    const request = page && [
      node({
        path: `${path}/request`,
        kind: 'request',
        label: `${page.requestMethod} ${page.requestUrl}`,
        value: null,
        note: `${isPush ? 'received' : 'answered'} ${new Date(page.receivedAtMs).toISOString()}`,
        children: [
          node({
            path: `${path}/page`,
            kind: 'page',
            label: `archived page sha256 ${page.sha256}`,
            value: null,
            note:
              page.removedAtMs === null
                ? `${page.bytes} bytes, kept as ${page.objectKey}`
                : `${page.bytes} bytes, removed by retention on ${new Date(page.removedAtMs).toISOString().slice(0, 10)}`,
          }),
        ],
      }),
    ];
    return [
      node({
        path: `${path}/pull`,
        kind: 'pull',
        label:
          pull === null
            ? `pull ${pullId}`
            : `${isPush ? 'push' : 'pull'} ${pullId} ${isPush ? 'to' : 'of'} ${pull.connector}/${pull.stream}`,
        value: null,
        note:
          pull === null
            ? 'no longer kept'
            : `from ${new Date(pull.fromMs).toISOString()} to ${new Date(pull.toMs).toISOString()}, ${isPush ? 'stored' : 'run'} ${new Date(pull.startedAtMs).toISOString()}${pull.streamVersion === null ? '' : `, definition ${pull.streamVersion.slice(0, 8)} of the stream`}`,
        children: request ?? [],
      }),
    ];
  }
}

function sourceOf(metric: ValueMetric, side: EvidenceReference['side']): SeriesSource | null {
  switch (side) {
    case 'source':
      return metric.source;
    case 'denominator':
      return metric.denominator;
    case 'exposure':
      return metric.exposure?.kind === 'series' ? metric.exposure.source : null;
    case 'control':
      return metric.counterfactual.kind === 'control' ? metric.counterfactual.source : null;
  }
}

function sampleNode(path: string, sample: StoredSample, unit: string | null, timeZone: string): ExplainNode {
  const { numerator, denominator, value, revision, status, atMs, durationMs } = sample;
  const at = new Date(atMs).toLocaleString('sv-SE', { timeZone });
  const number = value === null ? null : String(value);
  return node({
    path: `${path}/${new Date(atMs).toISOString()}`,
    kind: 'sample',
    label: `${at}${durationMs > 0 ? ` for ${span(durationMs)}` : ''}`,
    value: number === null ? null : { kind: 'number', number, unit },
    formula: numerator === null || denominator === null ? null : `${numerator} / ${denominator}`,
    note: [status, revision > 1 ? `revision ${revision}` : null, `seen ${new Date(sample.observedAtMs).toISOString()}`]
      .filter((part) => part !== null)
      .join(', '),
    origin: { pullId: sample.pullId, pageHash: sample.pageHash },
  });
}

function span(durationMs: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const;
  const [name, size] = units.find(([, ms]) => durationMs % ms === 0) ?? ['ms', 1];
  return `${durationMs / size} ${name}`;
}
