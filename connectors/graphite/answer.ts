import { z } from 'zod';
import type { Measurement } from '#domain';
import {
  asRecord,
  badShapeWith,
  DistinctSeries,
  formatDurationMs,
  keptLabels,
  LeftOut,
  noSeriesWarning,
  type ParseContext,
  type ParsedPage,
  pageJson,
  pageMeta,
  type RawPage,
  shownValue,
  streamConversion,
} from '#kit';
import type { GraphiteOptions, GraphiteStream } from './options.ts';

/** What `pull` archives beside the body. */
const pageShape = z.object({
  stepMs: z.number(),
  sample: z.enum(['interval', 'instant']),
  firstMs: z.number(),
  lastMs: z.number(),
});
const badShape = badShapeWith('Check that url leads to Graphite, without /render at its end.');

/** One `/render?format=json`: `[{target, tags, datapoints: [[value, seconds]]}]`. Null is a missing value, never zero. */
export function parseSeries(page: RawPage, ctx: ParseContext<GraphiteOptions, GraphiteStream>): ParsedPage {
  const { stream } = ctx;
  const place = `stream ${ctx.streamId}`;
  const meta = pageMeta(page.meta, pageShape, place, badShape);
  const answer = pageJson(page.body, place, badShape);
  if (!Array.isArray(answer)) throw badShape(`${place}: the answer is not a list of series`);
  const convert = streamConversion(stream, place);
  const measurements: Measurement[] = [];
  const leftOut = new LeftOut();
  const distinct = new DistinctSeries(
    place,
    () => 'Put them together (sumSeries, averageSeries), or name what tells them apart in nodes or labels.',
  );
  for (const [index, item] of answer.entries()) {
    const series = asRecord(item);
    const target = series?.['target'];
    const points = series?.['datapoints'];
    if (series === null || typeof target !== 'string' || !Array.isArray(points))
      throw badShape(`${place}: series ${index + 1} has no target and datapoints`);
    const name = unwrapped(target);
    const shown = name.slice(0, 200);
    const labels = labelsOf(name, series['tags'], stream, `${place}: ${shown}`);
    distinct.add(labels, shown);
    let before: number | null = null;
    for (const [position, point] of points.entries()) {
      const { pointMs, value } = readPoint(point, () => `${place}: ${shown}, point ${position + 1}`);
      checkStep(pointMs, before, meta.stepMs, () => `${place}: ${shown}`);
      before = pointMs;
      // summarize answers one step more than it is asked for.
      if (pointMs < meta.firstMs || pointMs > meta.lastMs) continue;
      if (value === null || !Number.isFinite(value)) {
        leftOut.add(
          value === null ? 'no value' : 'not a finite number',
          `${new Date(pointMs).toISOString()} of ${shown}`,
        );
        continue;
      }
      measurements.push({
        labels,
        unit: stream.unit,
        atMs: pointMs,
        durationMs: meta.sample === 'interval' ? meta.stepMs : 0,
        value: convert(value),
        status: 'final',
      });
    }
  }
  const warnings = leftOut.warnings();
  if (answer.length === 0)
    warnings.push(
      `${noSeriesWarning('target', { fromMs: meta.firstMs, toMs: meta.lastMs + meta.stepMs })}; Graphite also answers so when a bracket is missing`,
    );
  return { measurements, costs: [], warnings };
}

/** Where older points are kept more coarsely, sums would be averages of sums: what comes in another step is refused. */
function checkStep(pointMs: number, before: number | null, stepMs: number, place: () => string): void {
  const comesMs = before === null ? null : pointMs - before;
  if (pointMs % stepMs === 0 && (comesMs === null || comesMs === stepMs)) return;
  const found =
    comesMs === null || comesMs <= 0 ? `at ${new Date(pointMs).toISOString()}` : `every ${formatDurationMs(comesMs)}`;
  throw badShape(
    `${place()} has points ${found}, where the stream says step: ${formatDurationMs(stepMs)}`,
    'Older points may be kept more coarsely (storage-schemas.conf): write the step that lasts and aggregate: sum or avg, or begin later by since.',
  );
}

/** `summarize(X, "3600s", "sum")`, with or without `false`, is our own doing: X. */
function unwrapped(target: string): string {
  return /^summarize\((.*), ?"\d+s", ?"\w+"(?:, ?(?:false|False))?\)$/s.exec(target)?.[1] ?? target;
}

function labelsOf(
  name: string,
  given: unknown,
  { nodes, labels }: GraphiteStream,
  place: string,
): Record<string, string> {
  const tags = given === undefined || given === null ? {} : asRecord(given);
  if (tags === null) throw badShape(`${place} has the tags ${shownValue(given)}, expected an object`);
  const entries: [string, string][] = [];
  const path = pathOf(name, tags['name']).split(';')[0]?.split('.') ?? [];
  for (const [label, node] of Object.entries(nodes)) {
    const value = path.at(node);
    if (value === undefined)
      throw badShape(
        `${place} has ${path.length} nodes: there is no node ${node} for the label ${label}`,
        'Check nodes; they are counted from 0.',
      );
    entries.push([label, value]);
  }
  const wanted = labels ?? (Object.keys(nodes).length === 0 ? ['target'] : []);
  for (const label of wanted) {
    const value = label === 'target' ? name : tags[label];
    if (typeof value === 'string' && value !== '') entries.push([label, value]);
  }
  return keptLabels(entries, undefined);
}

/** The metric that a series was made of: by its tag (Graphite 1.1), else the first one in its name. */
function pathOf(name: string, tagged: unknown): string {
  if (typeof tagged === 'string' && !tagged.includes('(')) return tagged;
  const text = typeof tagged === 'string' ? tagged : name;
  return /^(?:[^()]*\()*([^(),]*)/.exec(text.slice(0, 10_000))?.[1]?.trim() ?? text;
}

function readPoint(point: unknown, place: () => string): { pointMs: number; value: number | null } {
  const [value, seconds] = Array.isArray(point) && point.length === 2 ? (point as unknown[]) : [];
  const pointMs = typeof seconds === 'number' ? seconds * 1000 : Number.NaN;
  if ((value !== null && typeof value !== 'number') || !Number.isSafeInteger(pointMs) || Math.abs(pointMs) > 8.64e15)
    throw badShape(`${place()} is ${shownValue(point)}, expected [value, seconds]`);
  return { pointMs, value };
}
