import {
  type ConnectorContext,
  type Finding,
  formatDurationMs,
  newestSteps,
  newestValueFindings,
  PermanentError,
  rawPage,
  type StreamContext,
  streamFinding,
} from '#kit';
import { parseSeries } from './answer.ts';
import type { GraphiteOptions, GraphiteStream } from './options.ts';
import { render } from './render.ts';

/** Of these the newest values are shown. */
const STEPS_SHOWN = 24;

/** Connectivity and credentials by the first level of metrics, which every Graphite and its compatibles tell. */
export async function checkServer({ http }: ConnectorContext<GraphiteOptions>): Promise<Finding[]> {
  const answer = await http.request({ url: 'metrics/find', query: { query: '*', format: 'treejson' } });
  const found = answer.json();
  if (!Array.isArray(found) || found.some((each) => typeof each !== 'object' || each === null || !('text' in each)))
    throw new PermanentError('source/bad-shape', 'check: the answer does not list metrics', {
      hint: 'Check that url leads to Graphite, without /render or /metrics at its end.',
    });
  const version = await http.request({
    url: 'version',
    expect: 'text',
    acceptStatuses: [400, 401, 403, 404, 405, 500, 501],
  });
  const named = version.status === 200 ? /^\s*"?(\d[\w.-]{0,30})"?\s*$/.exec(version.body)?.[1] : undefined;
  return [
    {
      level: 'ok',
      aspect: 'connectivity',
      message: named === undefined ? 'A server that speaks the API of Graphite answers.' : `Graphite ${named} answers.`,
    },
    found.length === 0
      ? {
          level: 'warning',
          aspect: 'credentials',
          message: 'No metric can be seen.',
          hint: 'The server is empty, or this user may see nothing.',
        }
      : { level: 'ok', aspect: 'credentials', message: 'Metrics can be listed.' },
  ];
}

/** The stream's target over the newest steps that are over, read the way a pull reads it. */
export async function checkTarget(ctx: StreamContext<GraphiteOptions, GraphiteStream>): Promise<Finding[]> {
  const { stream, streamId } = ctx;
  const { fromMs, toMs } = newestSteps(ctx.nowMs(), stream.step, Math.min(STEPS_SHOWN, stream.pointsPerRequest));
  const chunk = { firstMs: fromMs, lastMs: toMs - stream.step };
  const response = await render(ctx.http, stream, streamId, chunk);
  const meta = { stepMs: stream.step, sample: stream.sample, ...chunk };
  const page = parseSeries(rawPage({ request: { method: 'POST' }, response }, meta), ctx);
  const findings = newestValueFindings(page, streamId, {
    message: `The target gives no value for the last ${formatDurationMs(toMs - fromMs)}.`,
    hint: 'A name in it may be misspelt, a bracket missing, or nothing was written: Graphite answers all of these alike.',
  });
  if (/(?:^|\()\s*summarize\s*\(/.test(stream.target) && /,\s*true\s*\)/i.test(stream.target))
    findings.push(
      streamFinding(streamId)(
        'warning',
        'sample',
        'summarize with alignToFrom begins its groups where a window begins.',
        'Write aggregate in place of it.',
      ),
    );
  return findings;
}
