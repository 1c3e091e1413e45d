import type { CostLine, Measurement } from '#domain';
import {
  type ParseContext,
  type ParsedPage,
  PermanentError,
  type PushOptions,
  type PushProblem,
  type PushStream,
  type RawPage,
  readCost,
  readMeasurement,
  readRows,
} from '#kit';
import { parseStep } from './step.ts';

/**
 * What one push brought for one stream; rows of other streams in the same page are theirs. Throws `source/bad-shape` naming
 * the place. The receiver has refused what is wrong before it is archived: here it means that the page or the stream was changed.
 */
export function parsePage(
  page: RawPage,
  { stream, streamId, options }: ParseContext<PushOptions, PushStream>,
): ParsedPage {
  const { format, stream: whole } = page.meta;
  if (format === 'prometheus-step') {
    if (stream.accepts !== 'prometheus') throw changed(streamId, stream.accepts);
    return parseStep(page.body, page.meta, stream, options);
  }
  if (stream.accepts === 'prometheus') throw changed(streamId, stream.accepts);
  if (format !== 'json' && format !== 'ndjson')
    throw new PermanentError('source/bad-shape', 'the page does not say in which form it was sent');
  const { rows, problems } = readRows(page.body, {
    format,
    entity: stream.accepts,
    stream: typeof whole === 'string' ? whole : null,
  });
  refuse(problems, streamId);
  const measurements: Measurement[] = [];
  const costs: CostLine[] = [];
  for (const row of rows) {
    if (row.stream !== streamId) continue;
    if (stream.accepts === 'measurements') {
      const read = readMeasurement(row, stream);
      refuse(read.problems, streamId);
      if (read.measurement !== null) measurements.push(read.measurement);
    } else {
      const read = readCost(row);
      refuse(read.problems, streamId);
      if (read.cost !== null) costs.push(read.cost);
    }
  }
  return { measurements, costs, warnings: [] };
}

function refuse(problems: readonly PushProblem[], streamId: string): void {
  const [first] = problems;
  if (first === undefined) return;
  const place = `${first.line === undefined ? '' : `line ${first.line} `}${first.pointer}`.trim() || 'the body';
  throw new PermanentError('source/bad-shape', `stream ${streamId}, ${place}: ${first.message}`);
}

const changed = (streamId: string, accepts: string): PermanentError =>
  new PermanentError('source/bad-shape', `stream ${streamId} accepts ${accepts} now, which this page is not`, {
    hint: 'Give what it accepts now a stream id of its own.',
  });
