import {
  asRecord,
  type ConnectorContext,
  type Finding,
  failedFinding,
  parseExactJson,
  type StreamContext,
  sampleFinding,
} from '#kit';
import { mapDocuments } from './answer.ts';
import type { ErpnextOptions, ErpnextStream } from './options.ts';
import { pageRequest } from './pull.ts';
import { methodRequest, readList } from './requests.ts';

/** Whether the site is there and knows us, and whether it lives in the configured time zone. */
export async function checkSite(ctx: ConnectorContext<ErpnextOptions>): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    const response = await ctx.http.request(methodRequest('frappe.auth.get_logged_user', {}));
    const user = asRecord(response.json())?.['message'];
    findings.push({ level: 'ok', aspect: 'connectivity', message: 'Frappe answers' });
    if (user === 'Guest')
      return [
        ...findings,
        {
          level: 'error',
          aspect: 'credentials',
          message: 'the site takes us for a guest',
          hint: 'Write auth: { kind: header, values: { Authorization: "token KEY:SECRET" } }.',
        },
      ];
    findings.push({
      level: 'ok',
      aspect: 'credentials',
      message: `logged in as ${typeof user === 'string' ? user.slice(0, 140) : 'a user without a name'}`,
    });
  } catch (thrown) {
    return [failedFinding(thrown, 'connectivity')];
  }
  return [...findings, await checkTimeZone(ctx)];
}

async function checkTimeZone(ctx: ConnectorContext<ErpnextOptions>): Promise<Finding> {
  const { timeZone } = ctx.options;
  let found: unknown;
  try {
    const response = await ctx.http.request(
      methodRequest('frappe.client.get_value', { doctype: 'System Settings', fieldname: 'time_zone' }),
    );
    found = asRecord(asRecord(response.json())?.['message'])?.['time_zone'];
  } catch (thrown) {
    const failed = failedFinding(thrown, 'time zone');
    return {
      ...failed,
      level: 'warning',
      aspect: 'time zone',
      message: `the time zone of the site could not be read: ${failed.message}`,
      hint: `The user may lack the right to read System Settings; compare it with timeZone: ${timeZone} by hand.`,
    };
  }
  if (typeof found !== 'string' || found === '')
    return { level: 'warning', aspect: 'time zone', message: 'the site does not say its time zone' };
  if (found === timeZone) return { level: 'ok', aspect: 'time zone', message: `the site lives in ${found}` };
  return {
    level: 'error',
    aspect: 'time zone',
    message: `the site lives in ${found.slice(0, 60)}, the configuration says ${timeZone}`,
    hint: `Write timeZone: ${found.slice(0, 60)}, or rows near the ends of windows are lost.`,
  };
}

/** One row of the stream for real: Frappe itself names fields that it does not have. */
export async function checkStream(ctx: StreamContext<ErpnextOptions, ErpnextStream>): Promise<Finding[]> {
  const { options, stream, streamId } = ctx;
  try {
    const field = stream.cursor === 'none' ? null : stream.cursor === 'changed' ? 'modified' : stream.cursor.field;
    const request = pageRequest(options, { ...stream, pageSize: 1 }, { field, conditions: [] });
    const response = await ctx.http.request(request);
    const { rows } = readList(parseExactJson(response.body), `DocType ${stream.doctype}`);
    const page = rows[0] === undefined ? null : mapDocuments([rows[0]], stream, options.timeZone);
    return [sampleFinding(stream.doctype, page, streamId)];
  } catch (thrown) {
    return [failedFinding(thrown, 'sample', streamId)];
  }
}
