import {
  asRecord,
  type ConnectorContext,
  type Finding,
  floorTo,
  formatDurationMs,
  oneStepFindings,
  rawPage,
  type StreamContext,
  streamFinding,
} from '#kit';
import { parseMatrix } from './answer.ts';
import type { PrometheusOptions, PrometheusStream } from './options.ts';
import { queryRange, refuseError } from './query-range.ts';
import { checkUnit } from './unit-check.ts';

/** Beyond this the newest samples would be asked for too early or too late. */
const TOLERATED_CLOCK_DIFFERENCE_MS = 30_000;

/** Connectivity, credentials, version and clock of the server. What fails is thrown as a typed error. */
export async function checkServer(ctx: ConnectorContext<PrometheusOptions>): Promise<Finding[]> {
  const askedAtMs = ctx.nowMs();
  const answer = await ctx.http.request({
    url: 'api/v1/query',
    query: { ...ctx.options.parameters, query: 'time()' },
    acceptStatuses: [400, 422],
  });
  const midwayMs = (askedAtMs + ctx.nowMs()) / 2;
  refuseError(answer, 'check');
  const result = asRecord(asRecord(answer.json())?.['data'])?.['result'];
  const text = Array.isArray(result) ? result[1] : undefined;
  const sourceMs = typeof text === 'string' ? Number(text) * 1000 : Number.NaN;
  const findings: Finding[] = [{ level: 'ok', aspect: 'connectivity', message: await describe(ctx) }];
  if (Number.isNaN(sourceMs))
    return [
      {
        level: 'error',
        aspect: 'connectivity',
        message: 'The answer to time() is not what Prometheus gives.',
        hint: 'Check that url leads to Prometheus, without /api/v1 or /graph at its end.',
      },
    ];
  findings.push({ level: 'ok', aspect: 'credentials', message: 'Queries are answered.' });
  const differenceMs = Math.round(sourceMs - midwayMs);
  const apart = formatDurationMs(Math.abs(differenceMs));
  findings.push(
    Math.abs(differenceMs) <= TOLERATED_CLOCK_DIFFERENCE_MS
      ? { level: 'ok', aspect: 'clock', message: `The clocks agree (${apart} apart).` }
      : {
          level: 'warning',
          aspect: 'clock',
          message: `The clock of the source is ${apart} ${differenceMs > 0 ? 'ahead' : 'behind'}.`,
          hint: 'Synchronise both machines (NTP), or raise lookback and finalAfter by that much.',
        },
  );
  return findings;
}

/** Compatibles (Mimir, Thanos behind a gateway) may keep their version to themselves. */
async function describe(ctx: ConnectorContext<PrometheusOptions>): Promise<string> {
  const answer = await ctx.http.request({
    url: 'api/v1/status/buildinfo',
    expect: 'text',
    acceptStatuses: [400, 401, 403, 404, 405, 500, 501, 503],
  });
  try {
    const version = asRecord(asRecord(answer.json())?.['data'])?.['version'];
    if (answer.status === 200 && typeof version === 'string') return `Prometheus ${version} answers.`;
  } catch {
    // Whatever it is: it evaluates queries, and does not name itself.
  }
  return 'A server that speaks the Prometheus API answers.';
}

/** The stream's query at the newest point of its own grid, read the way a pull reads it. */
export async function checkQuery(ctx: StreamContext<PrometheusOptions, PrometheusStream>): Promise<Finding[]> {
  const { stream, streamId, options } = ctx;
  const atMs = floorTo(ctx.nowMs(), stream.step);
  const { response } = await queryRange(ctx.http, options, stream, streamId, { startMs: atMs, endMs: atMs });
  const meta = { stepMs: stream.step, sample: stream.sample, startMs: atMs, endMs: atMs };
  const page = parseMatrix(rawPage({ request: { method: 'POST' }, response }, meta), ctx);
  const findings = oneStepFindings(page, streamId, atMs, {
    message: `The query gives no value at ${new Date(atMs).toISOString()}.`,
    hint: 'The metric may be misspelt, or nothing has happened yet: try the query in the expression browser.',
  });
  const ranges = rangesOf(stream.query);
  if (stream.sample === 'interval' && ranges.length > 0 && !ranges.includes(stream.step))
    findings.push(
      streamFinding(streamId)(
        'warning',
        'sample',
        `The query looks back ${ranges.map(formatDurationMs).join(', ')}, but a point stands for ${formatDurationMs(stream.step)}: intervals would overlap or leave gaps.`,
        'Make the range in [ ] as long as step.',
      ),
    );
  findings.push(...(await checkUnit(ctx)));
  return findings;
}

const PROMQL_UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Lengths of the range selectors (`[1h30m]`) in PromQL; subqueries (`[1h:5m]`) by their first part. */
function rangesOf(query: string): number[] {
  const outsideStrings = query.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""');
  return [...outsideStrings.matchAll(/\[\s*((?:\d+(?:ms|[smhdwy]))+)\s*[\]:]/g)].map((match) =>
    [...(match[1] ?? '').matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * (PROMQL_UNIT_MS[unit ?? ''] ?? 0),
      0,
    ),
  );
}
