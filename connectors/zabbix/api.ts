import {
  asRecord,
  type HttpClient,
  type HttpResponse,
  type OutturnError,
  PermanentError,
  RetryableError,
  shownValue,
} from '#kit';

export const PATH = 'api_jsonrpc.php';
const NOT_ZABBIX = 'Check that url leads to the Zabbix frontend, without api_jsonrpc.php at its end.';

export interface Answer {
  result: unknown;
  response: HttpResponse;
}
export interface Api {
  /** As the server writes it, such as `6.0.14`. */
  version: string;
  /** Throws typed errors for what Zabbix refuses. */
  call(method: string, params: Record<string, unknown>): Promise<Answer>;
}

/**
 * Asks for the version, without credentials: 7.4 refuses `apiinfo.version` together with an Authorization header. It decides
 * how the token is sent: in the header since 6.4, in the member `auth` before (which is gone in 7.2).
 */
export async function connectApi(http: HttpClient, place: string): Promise<Api> {
  const { result } = await request(http, place, 'apiinfo.version', [], { anonymous: true });
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})/.exec(typeof result === 'string' ? result : '') ?? [];
  if (typeof result !== 'string' || major === undefined || minor === undefined)
    throw new PermanentError('source/bad-shape', `${place}: the version is ${shownValue(result)}`, {
      hint: NOT_ZABBIX,
    });
  const takesHeader = Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 4);
  const token = takesHeader ? {} : { tokenMember: 'auth' };
  return { version: result, call: (method, params) => request(http, place, method, params, token) };
}

async function request(
  http: HttpClient,
  place: string,
  method: string,
  params: unknown,
  how: { anonymous?: boolean; tokenMember?: string },
): Promise<Answer> {
  const response = await http.request({ ...rpcRequest(method, params), ...how });
  return { result: resultOf(response.body, `${place}: ${method}`), response };
}

export const rpcRequest = (method: string, params: unknown) =>
  ({
    method: 'POST',
    url: PATH,
    headers: { 'content-type': 'application/json-rpc' },
    body: { jsonrpc: '2.0', method, params, id: 1 },
    bodyType: 'json',
  }) as const;

/** The result of a JSON-RPC answer; errors stand inside an HTTP 200. */
export function resultOf(body: string, place: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new PermanentError('source/bad-shape', `${place}: the answer is not JSON`, { hint: NOT_ZABBIX });
  }
  const answer = asRecord(parsed);
  const error = asRecord(answer?.['error']);
  if (error !== null) throw refusal(error, place);
  if (answer?.['jsonrpc'] !== '2.0' || answer['result'] === undefined)
    throw new PermanentError('source/bad-shape', `${place}: the answer is no result of JSON-RPC 2.0`, {
      hint: NOT_ZABBIX,
    });
  return answer['result'];
}

/** The rows of a result. */
export function rowsOf(result: unknown, place: string): unknown[] {
  if (Array.isArray(result)) return result;
  throw new PermanentError('source/bad-shape', `${place}: the result is ${shownValue(result)}, expected a list`, {
    hint: NOT_ZABBIX,
  });
}

const SESSION_OVER = /session terminated|re-login/i;
const NOT_AUTHORISED = /not authori[sz]ed|incorrect user name|login name or password|temporarily blocked/i;
const NO_PERMISSION = /no permission|do not have permission|permission denied|access denied/i;

/** Whether an answer says that the session has ended, or is not known. */
export function saysSessionIsOver(body: string): boolean {
  if (body.length > 10_000) return false;
  try {
    const data = textOf(asRecord(asRecord(JSON.parse(body))?.['error'])?.['data']);
    return SESSION_OVER.test(data) || /^not authori[sz]ed/i.test(data);
  } catch {
    return false;
  }
}

/** −32602 is said of bad parameters and of bad credentials alike: only `data` tells. */
function refusal(error: Record<string, unknown>, place: string): OutturnError {
  const code = Number(error['code']);
  const data = textOf(error['data']);
  const message = `${place}: ${data === '' ? textOf(error['message']) : data} (${shownValue(error['code'])})`;
  const facts = { code };
  if (/token expired/i.test(data))
    return new PermanentError('source/unauthorised', message, {
      hint: 'The API token is over: make another one in Zabbix (Users, API tokens).',
      facts,
    });
  if (SESSION_OVER.test(data) || NOT_AUTHORISED.test(data))
    return new PermanentError('source/unauthorised', message, {
      hint: 'Check auth: an API token that is enabled (bearer), or user name and password (session).',
      facts,
    });
  if (NO_PERMISSION.test(data))
    return new PermanentError('source/forbidden', message, {
      hint: 'Give the user (at least read) permission to the host groups, and its role access to the API and this method.',
      facts,
    });
  if (code === -32602 || code === -32601 || code === -32600 || code === -32700)
    return new PermanentError('source/bad-request', message, {
      hint: 'Correct the stream; an option may not be known to this version of Zabbix.',
      facts,
    });
  // Database down, maintenance, out of memory.
  return new RetryableError('source/server-error', message, { facts });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
