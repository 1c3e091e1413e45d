import {
  asRecord,
  type ConnectorContext,
  type Finding,
  failedFinding,
  parseExactJson,
  type StreamContext,
  sampleFinding,
  unknownFieldFindings,
} from '#kit';
import { fieldsOf, mapRecords, recordsOf } from './answer.ts';
import type { OdooOptions, OdooStream } from './options.ts';
import { pageRequest } from './pull.ts';
import { type OdooClient, openClient } from './rpc.ts';

/**
 * When the user's API keys end, where they may be read (Odoo 18 and later). Odoo does not tell which one a request bears:
 * the first to end is named.
 */
async function expiryOf(client: OdooClient): Promise<{ atMs: number; keys: number } | null> {
  let keys: unknown;
  try {
    keys = await client.call('res.users.apikeys', 'search_read', {
      domain: [['expiration_date', '!=', false]],
      fields: ['expiration_date'],
      order: 'id',
    });
  } catch {
    // Before Odoo 18 keys did not end, and a bot may lack the right to see its own.
    return null;
  }
  const ends = (Array.isArray(keys) ? keys : []).flatMap((key) => {
    const text = asRecord(key)?.['expiration_date'];
    const atMs = typeof text === 'string' ? Date.parse(`${text.replace(' ', 'T')}Z`) : Number.NaN;
    return Number.isFinite(atMs) ? [atMs] : [];
  });
  return ends.length === 0 ? null : { atMs: Math.min(...ends), keys: ends.length };
}

/** Whether the server is there, knows the key, and until when. */
export async function checkServer(ctx: ConnectorContext<OdooOptions>): Promise<Finding[]> {
  let client: OdooClient;
  let user: Record<string, unknown> | null;
  try {
    client = await openClient(ctx);
    user = asRecord(await client.call('res.users', 'context_get', {}));
  } catch (thrown) {
    return [failedFinding(thrown, 'connectivity')];
  }
  const findings: Finding[] = [{ level: 'ok', aspect: 'connectivity', message: `Odoo answers by ${ctx.options.api}` }];
  const named = typeof user?.['uid'] === 'number' ? ` as user ${user['uid']}` : '';
  const byKey = ctx.options.api === 'json-2' || ctx.options.apiKey !== undefined;
  const expiry = byKey ? await expiryOf(client) : null;
  if (expiry === null) findings.push({ level: 'ok', aspect: 'credentials', message: `lets us in${named}` });
  else
    findings.push({
      level: 'ok',
      aspect: 'credentials',
      message: `lets us in${named}; ${expiry.keys === 1 ? 'its API key ends' : `the first of its ${expiry.keys} API keys ends`} at ${new Date(expiry.atMs).toISOString()}`,
      expiresAtMs: expiry.atMs,
    });
  return findings;
}

/** Fields of the stream against those of the model, then one record for real. */
export async function checkStream(ctx: StreamContext<OdooOptions, OdooStream>): Promise<Finding[]> {
  const { options, stream, streamId } = ctx;
  try {
    const client = await openClient(ctx);
    const fields = asRecord(await client.call(stream.model, 'fields_get', { attributes: ['type', 'string'] }));
    // Models without a table of their own (reports) have no write_date.
    const cursor = stream.cursor === 'none' ? [] : [stream.cursor === 'changed' ? 'write_date' : stream.cursor.field];
    const wanted = [...fieldsOf(stream), ...cursor];
    const findings = unknownFieldFindings(stream.model, wanted, Object.keys(fields ?? {}), streamId);
    if (findings.length > 0) return findings;
    const one = pageRequest(client, { ...stream, pageSize: 1 }, { field: null, conditions: [], byId: true });
    const response = await ctx.http.request(one);
    const [record] = recordsOf(parseExactJson(response.body), options.api, `model ${stream.model}`);
    return [sampleFinding(stream.model, record === undefined ? null : mapRecords([record], stream), streamId)];
  } catch (thrown) {
    return [failedFinding(thrown, 'sample', streamId)];
  }
}
