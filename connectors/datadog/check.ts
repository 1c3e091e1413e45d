import {
  asRecord,
  type ConnectorContext,
  type Finding,
  newestSteps,
  oneStepFindings,
  PermanentError,
  rawPage,
  type StreamContext,
} from '#kit';
import { parsePoints } from './answer.ts';
import type { DatadogOptions, DatadogStream } from './options.ts';
import { explain, queryPoints } from './request.ts';

/** Connectivity and the API key. What else fails is thrown as a typed error. */
export async function checkKeys({ http, options }: ConnectorContext<DatadogOptions>): Promise<Finding[]> {
  const response = await http.request({ url: 'api/v1/validate', acceptStatuses: [401, 403], expect: 'text' });
  const reached: Finding = { level: 'ok', aspect: 'connectivity', message: 'The API of Datadog answers.' };
  if (response.status === 200) {
    const isValid = asRecord(response.json())?.['valid'];
    if (typeof isValid !== 'boolean')
      throw new PermanentError('source/bad-shape', 'check: the answer does not say whether the key is valid', {
        hint: 'Check that url leads to the API of Datadog.',
      });
    if (isValid) return [reached, { level: 'ok', aspect: 'credentials', message: 'The API key is valid.' }];
  } else if (await isTokenAccepted(http))
    return [reached, { level: 'ok', aspect: 'credentials', message: 'The token is accepted.' }];
  const said = explain(response.body) ?? `status ${response.status}`;
  return [
    reached,
    {
      level: 'error',
      aspect: 'credentials',
      message: `Datadog does not accept the API key (${said}).`,
      hint: `Compare DD-API-KEY with the keys of the organisation, and site (${options.site}): a key of another site is unknown here.`,
    },
  ];
}

/** An access token needs no API key, and validate knows nothing of it. */
async function isTokenAccepted(http: ConnectorContext<DatadogOptions>['http']): Promise<boolean> {
  const response = await http.request({
    url: 'api/v2/metrics',
    query: { 'page[size]': 1 },
    acceptStatuses: [401, 403],
    expect: 'text',
  });
  return response.status === 200;
}

/** The newest interval that is over, asked for and read as a pull does. */
export async function checkStream(ctx: StreamContext<DatadogOptions, DatadogStream>): Promise<Finding[]> {
  const { http, stream, streamId } = ctx;
  const span = newestSteps(ctx.nowMs(), stream.step);
  const answered = await queryPoints(http, stream, streamId, span);
  const page = parsePoints(rawPage(answered, { api: stream.api, stepMs: stream.step, ...span }), ctx);
  return oneStepFindings(page, streamId, span.fromMs, {
    message: `The query gives no value for the interval that begins at ${new Date(span.fromMs).toISOString()}.`,
    hint: 'The metric or a tag may be misspelt, or nothing has happened yet: `outturn discover` lists the metrics.',
  });
}
