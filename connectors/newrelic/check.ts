import {
  asRecord,
  type ConnectorContext,
  type Finding,
  newestSteps,
  oneStepFindings,
  PermanentError,
  rawPage,
  type StreamContext,
  unitFindings,
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
  const span = newestSteps(ctx.nowMs(), stream.step);
  const answered = await runNrql(ctx, `stream ${streamId}`, withWindow(stream.nrql, stream.step, span));
  const page = parseBuckets(rawPage(answered, { stepMs: stream.step, ...span }), ctx);
  return [
    ...oneStepFindings(page, streamId, span.fromMs, {
      message: `The query gives no value for the interval that begins at ${new Date(span.fromMs).toISOString()}.`,
      hint: 'An event type or attribute may be misspelt, or nothing has happened yet: `outturn discover` lists what there is.',
    }),
    ...unitFindings(await declaredUnit(ctx), stream, streamId),
  ];
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
