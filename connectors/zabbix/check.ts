import {
  asRecord,
  type ConnectorContext,
  type Finding,
  formatDurationMs,
  OutturnError,
  rawPage,
  type StreamContext,
  streamFinding,
} from '#kit';
import { parseValues } from './answer.ts';
import { type Api, connectApi, rowsOf } from './api.ts';
import { findItems, type Item, nameOf } from './items.ts';
import { fitsTrends, type ZabbixOptions, type ZabbixStream } from './options.ts';
import { globalRetentionMs } from './pull.ts';
import { assertUnits } from './units.ts';

/** The token that is in use was used just now. */
const JUST_NOW_S = 60;

/** Version, then one request with credentials, and when they end. What fails is thrown as a typed error. */
export async function checkServer(ctx: ConnectorContext<ZabbixOptions>): Promise<Finding[]> {
  const api = await connectApi(ctx.http, 'check');
  const { result, response } = await api.call('item.get', { output: ['itemid'], templated: false, limit: 1 });
  const findings: Finding[] = [
    { level: 'ok', aspect: 'connectivity', message: `Zabbix ${api.version} answers.` },
    await credentials(api, Date.parse(response.headers['date'] ?? '')),
  ];
  findings.push(
    rowsOf(result, 'check: item.get').length > 0
      ? { level: 'ok', aspect: 'permission', message: 'Items can be read.' }
      : {
          level: 'error',
          aspect: 'permission',
          message: 'The user sees no item at all.',
          hint: 'Give its user group read permission to the host groups.',
        },
  );
  return findings;
}

/** Zabbix does not tell which token a request came with; it notes when each was used, so ours is the one used just now. */
async function credentials(api: Api, serverMs: number): Promise<Finding> {
  const accepted: Finding = { level: 'ok', aspect: 'credentials', message: 'The credentials are accepted.' };
  const nowS = Math.floor(serverMs / 1000);
  let tokens: (Record<string, unknown> | null)[];
  try {
    const { result } = await api.call('token.get', { output: ['name', 'expires_at', 'lastaccess', 'status'] });
    tokens = rowsOf(result, 'check: token.get').map(asRecord);
  } catch (thrown) {
    const codes = ['source/forbidden', 'source/bad-request'];
    if (thrown instanceof OutturnError && codes.includes(thrown.code)) return accepted;
    throw thrown;
  }
  const used = tokens.filter((token) => Math.abs(Number(token?.['lastaccess']) - nowS) <= JUST_NOW_S);
  const [token] = used;
  const expiresAtS = Number(token?.['expires_at']);
  if (used.length !== 1 || !Number.isSafeInteger(expiresAtS)) return accepted;
  if (expiresAtS === 0) return { ...accepted, message: 'The API token is accepted; it never expires.' };
  const expiresAtMs = expiresAtS * 1000;
  return {
    ...accepted,
    message: `The API token is accepted; it expires on ${new Date(expiresAtMs).toISOString().slice(0, 10)}.`,
    expiresAtMs,
  };
}

/** The stream's items, their unit, their retention, and the newest value of the first one, read the way a pull reads it. */
export async function checkItems(ctx: StreamContext<ZabbixOptions, ZabbixStream>): Promise<Finding[]> {
  const { http, stream, streamId } = ctx;
  const api = await connectApi(http, `stream ${streamId}`);
  const items = await findItems(api, stream, streamId);
  const findings: Finding[] = [];
  const make = streamFinding(streamId);
  const finding = (...said: Parameters<typeof make>): void => void findings.push(make(...said));
  finding('ok', 'permission', `${items.length} ${items.length === 1 ? 'item' : 'items'}: ${named(items)}.`);
  try {
    assertUnits(items, stream, streamId);
  } catch (thrown) {
    if (!(thrown instanceof OutturnError)) throw thrown;
    finding('error', 'unit', thrown.message, thrown.hint);
  }
  for (const [aspect, message, hint] of await retention(api, ctx, items)) finding('warning', aspect, message, hint);
  const [first] = items;
  if (first === undefined) return findings;
  const source = stream.source === 'trends' || first.historyMs === 0 ? 'trends' : 'history';
  const { response } =
    source === 'trends'
      ? await api.call('trend.get', {
          output: ['itemid', 'clock', 'num', 'value_min', 'value_avg', 'value_max'],
          itemids: [first.id],
          time_from: Math.floor(ctx.nowMs() / 1000) - 86_400,
          time_till: Math.floor(ctx.nowMs() / 1000),
        })
      : await api.call('history.get', {
          output: stream.aggregate === 'count' ? ['itemid', 'clock', 'ns'] : ['itemid', 'clock', 'ns', 'value'],
          history: first.valueType,
          itemids: [first.id],
          sortfield: 'clock',
          sortorder: 'DESC',
          limit: 1,
        });
  const meta = { source, fromMs: 0, toMs: 8.64e15, stepMs: stream.step ?? 0, items: { [first.id]: {} } };
  const page = parseValues(rawPage({ request: { method: 'POST' }, response }, meta), ctx);
  const newest = page.measurements.at(-1);
  if (newest === undefined)
    finding(
      'warning',
      'sample',
      `${nameOf(first)} has no value in its ${source}.`,
      'Look at its latest data in Zabbix: the item may be disabled, not supported, or new.',
    );
  else {
    const at = new Date(newest.atMs).toISOString();
    const what = stream.aggregate === 'count' ? `has a value at ${at}` : `was ${newest.value} ${newest.unit} at ${at}`;
    finding('ok', 'sample', `${nameOf(first)} ${what}.`);
  }
  return findings;
}

async function retention(
  api: Api,
  { stream }: StreamContext<ZabbixOptions, ZabbixStream>,
  items: readonly Item[],
): Promise<[string, string, string][]> {
  const found: [string, string, string][] = [];
  if (stream.source !== 'auto' || stream.historyFor !== undefined) return found;
  const unknown = items.find(({ historyMs }) => historyMs === null);
  const globalMs = fitsTrends(stream) && unknown !== undefined ? await globalRetentionMs(api) : null;
  if (fitsTrends(stream) && unknown !== undefined && globalMs === null)
    found.push([
      'retention',
      `How long ${nameOf(unknown)} keeps its history is a macro: history alone is read.`,
      'Write historyFor, such as 31d, so that what is older is read out of trends.',
    ]);
  const kept = items.map(({ historyMs }) => historyMs).filter((ms) => ms !== null);
  if (!fitsTrends(stream) && kept.length > 0)
    found.push([
      'retention',
      `History is kept for ${formatDurationMs(Math.min(...kept))} only; trends cannot give ${stream.aggregate}${stream.step === undefined ? '' : ' of less than hours'}.`,
      'What is older cannot be read. Whole hours with avg, min, max, sum or count could be.',
    ]);
  return found;
}

function named(items: readonly Item[]): string {
  const names = items.slice(0, 5).map(nameOf).join(', ');
  return items.length > 5 ? `${names} and ${items.length - 5} more` : names;
}
