import { quote } from '../wording.ts';
import type { KnownSources, KnownStream } from './context.ts';
import type { MetricAt } from './metric-rules.ts';
import type { ProblemCollector, ProblemPath } from './problem.ts';
import type { ProjectInput } from './schema.ts';

/** Whether connectors and streams exist and give what is wanted of them. */
export function checkSources(project: ProjectInput, sources: KnownSources, collector: ProblemCollector): void {
  for (const [index, source] of project.costs.sources.entries())
    checkStreamRef(source, 'costs', ['costs', 'sources', index], sources, collector);
  for (const [id, metric] of Object.entries(project.metrics)) {
    const at = ['metrics', id];
    const wanted = (ref: { connector: string; stream: string }, ...path: string[]): KnownStream | null =>
      checkStreamRef(ref, 'measurements', [...at, ...path], sources, collector);
    const stream = wanted(metric.source, 'source');
    if (metric.denominator !== undefined) wanted(metric.denominator, 'denominator');
    if (typeof metric.exposure === 'object') wanted(metric.exposure, 'exposure');
    if (metric.counterfactual !== 'constant' && 'control' in metric.counterfactual) {
      const control = wanted(metric.counterfactual.control, 'counterfactual', 'control');
      checkControlUnit({ metric, at }, stream, control, collector);
    }
    checkUnit({ metric, at }, stream, collector);
  }
}

/** The stream, as far as it is known; null where there is none or it gives something else. */
function checkStreamRef(
  ref: { connector: string; stream: string },
  wanted: 'measurements' | 'costs',
  at: ProblemPath,
  sources: KnownSources,
  { add, unknown }: ProblemCollector,
): KnownStream | null {
  const connector = sources.get(ref.connector);
  if (connector === undefined) {
    unknown([...at, 'connector'], 'there is no connector', ref.connector, [...sources.keys()]);
    return null;
  }
  if (connector.streams === null) return null;
  const stream = connector.streams.get(ref.stream);
  const path = [...at, 'stream'];
  if (stream === undefined) {
    const sentence = `the connector ${quote(ref.connector)} has no stream`;
    unknown(path, sentence, ref.stream, [...connector.streams.keys()], { restsOn: [[...at, 'connector']] });
    return null;
  }
  if (stream[wanted]) return stream;
  const other = wanted === 'costs' ? 'measurements' : 'costs';
  add(
    path,
    'config/unknown-reference',
    `the stream ${quote(ref.stream)} gives ${stream[other] ? other : `no ${wanted}`}, but ${wanted} are needed here`,
  );
  return null;
}

type MetricPlace = Pick<MetricAt, 'metric' | 'at'>;

/** A ratio's unit is that of the quotient; of the others it must be the unit that is stored. */
function checkUnit({ metric, at }: MetricPlace, stream: KnownStream | null, { add }: ProblemCollector): void {
  if (metric.kind === 'ratio' || stream === null || stream.unit === null || stream.unit === metric.unit) return;
  add(
    [...at, 'unit'],
    'source/unit-mismatch',
    `the unit here is ${quote(metric.unit)}, but the stream ${quote(metric.source.stream)} stores ${quote(stream.unit)}: write the same in both`,
    {
      seeAlso: [...at, 'source'],
      restsOn: [
        [...at, 'source'],
        [...at, 'kind'],
      ],
    },
  );
}

function checkControlUnit(
  { metric, at }: MetricPlace,
  stream: KnownStream | null,
  control: KnownStream | null,
  { add }: ProblemCollector,
): void {
  if (metric.kind === 'ratio' || stream?.unit == null || control?.unit == null || stream.unit === control.unit) return;
  if (metric.counterfactual === 'constant' || !('control' in metric.counterfactual)) return;
  const { stream: name, method } = metric.counterfactual.control;
  // By factor, a series in another unit is as good a control.
  if (method === 'ratio') return;
  add(
    [...at, 'counterfactual', 'control', 'stream'],
    'source/unit-mismatch',
    `the stream ${quote(name)} stores ${quote(control.unit)}, but the metric is in ${quote(stream.unit)}: a difference of the two means nothing; write method: ratio`,
    { restsOn: [[...at, 'source']] },
  );
}
