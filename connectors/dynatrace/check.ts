import {
  asRecord,
  type ConnectorContext,
  type Finding,
  formatDurationMs,
  newestSteps,
  oneStepFindings,
  PermanentError,
  rawPage,
  type StreamContext,
  streamFinding,
  unitFindings,
} from '#kit';
import { parsePoints } from './answer.ts';
import type { DynatraceOptions, DynatraceStream } from './options.ts';
import { apiPath, explain, pointsRequest } from './request.ts';
import { unitOfMetric } from './unit-of-metric.ts';

/** A token that ends sooner is worth a warning. */
const SOON_MS = 14 * 86_400_000;

/** Connectivity, whether the token may read metrics, and when it ends. What else fails is thrown as a typed error. */
export async function checkEnvironment(ctx: ConnectorContext<DynatraceOptions>): Promise<Finding[]> {
  const response = await ctx.http.request({ url: apiPath(ctx.options, 'metrics'), query: { pageSize: 1 }, explain });
  if (!Array.isArray(asRecord(response.json())?.['metrics']))
    throw new PermanentError('source/bad-shape', 'check: the answer does not list metrics', {
      hint: 'Check that url leads to the environment, without /api at its end.',
    });
  return [
    { level: 'ok', aspect: 'connectivity', message: 'The API of Dynatrace answers.' },
    await tokenFinding(ctx),
    { level: 'ok', aspect: 'permission', message: 'Metrics may be read.' },
  ];
}

async function tokenFinding({ http, options, nowMs }: ConnectorContext<DynatraceOptions>): Promise<Finding> {
  const aspect = 'credentials';
  if (options.tokenId === undefined) return { level: 'ok', aspect, message: 'The token is accepted.' };
  const response = await http.request({
    url: apiPath(options, `apiTokens/${options.tokenId}`),
    acceptStatuses: [400, 403, 404],
    explain,
  });
  if (response.status !== 200)
    return {
      level: 'warning',
      aspect,
      message: `The token is accepted, but when it ends is not said: ${explain(response.body) ?? `status ${response.status}`}`,
      hint: 'Give the token the scope apiTokens.read, and compare tokenId with its public part.',
    };
  const { expirationDate } = { ...asRecord(response.json()) };
  const expiresAtMs = typeof expirationDate === 'string' ? Date.parse(expirationDate) : Number.NaN;
  if (Number.isNaN(expiresAtMs)) return { level: 'ok', aspect, message: 'The token is accepted and never ends.' };
  const leftMs = expiresAtMs - nowMs();
  return {
    level: leftMs < SOON_MS ? 'warning' : 'ok',
    aspect,
    message: `The token is accepted until ${new Date(expiresAtMs).toISOString()}.`,
    expiresAtMs,
    ...(leftMs < SOON_MS ? { hint: `It ends in ${formatDurationMs(Math.max(0, leftMs))}: create another one.` } : {}),
  };
}

/** The newest interval that is over, asked for and read as a pull does, and the unit of the metric. */
export async function checkStream(ctx: StreamContext<DynatraceOptions, DynatraceStream>): Promise<Finding[]> {
  const { http, options, stream, streamId } = ctx;
  const span = newestSteps(ctx.nowMs(), stream.step);
  const request = pointsRequest(options, stream, span);
  const response = await http.request(request);
  const page = parsePoints(rawPage({ request, response }, { stepMs: stream.step, ...span }), ctx);
  // Without a value only what the source itself warns of says something more.
  const said = page.measurements.length > 0 ? [] : page.warnings.filter((warning) => warning.startsWith('Dynatrace'));
  return [
    ...oneStepFindings(page, streamId, span.fromMs, {
      message: `The selector gives no value for the interval that begins at ${new Date(span.fromMs).toISOString()}.`,
      hint: 'A dimension may be misspelt, or nothing has happened yet: try the selector in the Data Explorer.',
    }),
    ...said.map((warning) => streamFinding(streamId)('warning', 'sample', warning)),
    ...unitFindings(await declaredUnit(ctx), stream, streamId, 'Correct unit, or the selector.'),
  ];
}

/** By the descriptor, which knows transformations too; null for expressions over several metrics. */
async function declaredUnit({
  http,
  options,
  stream,
}: StreamContext<DynatraceOptions, DynatraceStream>): Promise<string | null> {
  const response = await http.request({
    url: apiPath(options, `metrics/${encodeURIComponent(stream.metricSelector)}`),
    acceptStatuses: [400, 403, 404],
    explain,
  });
  return response.status === 200 ? unitOfMetric(asRecord(response.json())?.['unit']) : null;
}
