import {
  asRecord,
  type ConnectorContext,
  type Finding,
  PermanentError,
  type StreamContext,
  unitConversion,
  unitsDisagree,
} from '#kit';
import { parseBuckets } from './answer.ts';
import { askGraph, containerOf, runNrql } from './nerdgraph.ts';
import { metricOf, withWindow } from './nrql.ts';
import type { NewRelicOptions, NewRelicStream } from './options.ts';
import { unitOfMetric } from './unit-of-metric.ts';

/** Connectivity, the key, and whether its user sees every account. What else fails is thrown as a typed error. */
export async function checkAccounts(ctx: ConnectorContext<NewRelicOptions>): Promise<Finding[]> {
  const actor = await askGraph(ctx, 'check', '{ actor { user { name } accounts { id name } } }');
  const { accounts } = actor;
  if (!Array.isArray(accounts))
    throw new PermanentError('source/bad-shape', 'check: the answer does not list the accounts', {
      hint: 'Check that url leads to the API of New Relic, without /graphql at its end.',
    });
  const seen = accounts.flatMap((each: unknown) => {
    const { id, name } = { ...asRecord(each) };
    return typeof id === 'number' ? [{ id, name: typeof name === 'string' ? name.slice(0, 100) : '' }] : [];
  });
  const findings: Finding[] = [
    { level: 'ok', aspect: 'connectivity', message: 'NerdGraph answers.' },
    { level: 'ok', aspect: 'credentials', message: 'The key is accepted.' },
  ];
  for (const account of ctx.options.accounts) {
    const found = seen.find(({ id }) => id === account);
    findings.push(
      found === undefined
        ? {
            level: 'error',
            aspect: 'permission',
            message: `The user of the key does not see the account ${account}.`,
            hint: `It sees ${
              seen
                .slice(0, 20)
                .map(({ id, name }) => `${id} (${name})`)
                .join(', ') || 'none'
            }: correct accounts, or grant access.`,
          }
        : { level: 'ok', aspect: 'permission', message: `The account ${account} (${found.name}) is seen.` },
    );
  }
  return findings;
}

/** The newest interval that is over, asked for and read as a pull does. */
export async function checkStream(ctx: StreamContext<NewRelicOptions, NewRelicStream>): Promise<Finding[]> {
  const { stream, streamId } = ctx;
  const toMs = Math.floor(ctx.nowMs() / stream.step) * stream.step;
  const span = { fromMs: toMs - stream.step, toMs };
  const { response } = await runNrql(ctx, `stream ${streamId}`, withWindow(stream.nrql, stream.step, span));
  const { measurements, warnings } = parseBuckets(
    {
      body: response.body,
      contentType: response.headers['content-type'] ?? '',
      request: { method: 'POST', url: response.url },
      receivedAtMs: response.receivedAtMs,
      meta: { stepMs: stream.step, ...span },
    },
    ctx,
  );
  const finding = (level: Finding['level'], aspect: string, message: string, hint?: string): Finding => ({
    level,
    aspect,
    stream: streamId,
    message,
    hint,
  });
  const shownAt = new Date(span.fromMs).toISOString();
  const [first] = measurements;
  const findings: Finding[] =
    first === undefined
      ? [
          finding(
            'warning',
            'sample',
            `The query gives no value for the interval that begins at ${shownAt}.`,
            'An event type or attribute may be misspelt, or nothing has happened yet: `outturn discover` lists what there is.',
          ),
        ]
      : [
          finding(
            'ok',
            'sample',
            `${measurements.length} series at ${shownAt}, the first one ${first.value} ${first.unit}.`,
          ),
          ...warnings.map((warning) => finding('warning', 'sample', warning)),
        ];
  const declared = await declaredUnit(ctx);
  const taken = stream.sourceUnit ?? stream.unit;
  if (declared !== null && unitsDisagree(declared, taken))
    findings.push(
      finding(
        'error',
        'unit',
        `The metric is in ${declared}, the stream takes its values for ${taken}.`,
        unitConversion(declared, stream.unit) === null
          ? 'Correct unit, or the query.'
          : `Write \`sourceUnit: "${declared}"\`; the values are then converted to ${stream.unit}.`,
      ),
    );
  return findings;
}

/** What the metric itself says (OpenTelemetry and others send the attribute `unit`); events say nothing. */
async function declaredUnit(ctx: StreamContext<NewRelicOptions, NewRelicStream>): Promise<string | null> {
  const metric = metricOf(ctx.stream.nrql);
  if (metric === null || /['\\]/.test(metric)) return null;
  const nrql = `SELECT latest(unit) AS unit FROM Metric WHERE metricName = '${metric}' SINCE 1 day ago`;
  const { response } = await runNrql(ctx, `stream ${ctx.streamId}`, nrql);
  const results = containerOf(response.json())?.['results'];
  const unit = asRecord(Array.isArray(results) ? results[0] : null)?.['unit'];
  return typeof unit === 'string' && unit !== '' ? unitOfMetric(unit) : null;
}
