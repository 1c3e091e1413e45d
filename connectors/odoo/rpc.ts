import {
  asRecord,
  type ConnectorContext,
  cookiesOf,
  type HttpRequest,
  PermanentError,
  type SessionProtocol,
} from '#kit';
import { explainJson2, isSessionOver, rpcError } from './errors.ts';
import type { OdooOptions } from './options.ts';

type Asking = Pick<ConnectorContext<OdooOptions>, 'http' | 'options'>;

/** JSON-RPC 2.0 as Odoo wants it: the method is always `call`. */
const envelope = (params: Record<string, unknown>) => ({ jsonrpc: '2.0', method: 'call', id: 1, params });

/** What an answer holds. JSON-2 gives the value itself, JSON-RPC an object with `result` or `error`, both in an HTTP 200. */
export function resultOf(answer: unknown, api: OdooOptions['api'], what: string): unknown {
  if (api === 'json-2') return answer;
  const record = asRecord(answer);
  if (record !== null && asRecord(record['error']) !== null) throw rpcError(record['error'], what);
  if (record !== null && 'result' in record) return record['result'];
  throw new PermanentError('source/bad-shape', `${what}: the answer is not one of Odoo's JSON-RPC`, {
    hint: 'Check url and api: Odoo 19 and later may be asked by api: json-2.',
  });
}

/** Calls of one piece of work; logs in first where the API wants a user id. */
export interface OdooClient {
  /** The request of `model.method` with named parameters. */
  request(model: string, method: string, parameters: Record<string, unknown>): HttpRequest;
  /** Its result; numbers are doubles. */
  call(model: string, method: string, parameters: Record<string, unknown>): Promise<unknown>;
}

export async function openClient({ http, options }: Asking): Promise<OdooClient> {
  const { api, database, username, apiKey, companies, language } = options;
  const context = { lang: language, ...(companies === undefined ? {} : { allowed_company_ids: companies }) };
  const named = (parameters: Record<string, unknown>) => ({
    ...parameters,
    context: { ...context, ...asRecord(parameters['context']) },
  });
  let request: OdooClient['request'];
  if (api === 'json-2') {
    const headers: Record<string, string> = database === undefined ? {} : { 'x-odoo-database': database };
    request = (model, method, parameters) => ({
      method: 'POST',
      url: `json/2/${model}/${method}`,
      headers,
      body: named(parameters),
      explain: explainJson2,
    });
  } else if (apiKey === undefined) {
    request = (model, method, parameters) => ({
      method: 'POST',
      url: `web/dataset/call_kw/${model}/${method}`,
      body: envelope({ model, method, args: [], kwargs: named(parameters) }),
    });
  } else {
    const login = envelope({ service: 'common', method: 'login', args: [database, username, apiKey] });
    const response = await http.request({ method: 'POST', url: 'jsonrpc', body: login });
    const userId = resultOf(response.json(), api, 'login');
    // A wrong password is no error here: the user id is false.
    if (userId === false || userId === null)
      throw new PermanentError('source/unauthorised', `Odoo does not accept ${username ?? 'the user'} and the key`, {
        hint: 'Check database, username and apiKey: API keys end after three months at the latest.',
      });
    if (typeof userId !== 'number') throw new PermanentError('source/bad-shape', 'login: Odoo gives no user id');
    request = (model, method, parameters) => ({
      method: 'POST',
      url: 'jsonrpc',
      body: envelope({
        service: 'object',
        method: 'execute_kw',
        args: [database, userId, apiKey, model, method, [], named(parameters)],
      }),
    });
  }
  return {
    request,
    async call(model, method, parameters) {
      const response = await http.request(request(model, method, parameters));
      return resultOf(response.json(), api, `${model}.${method}`);
    },
  };
}

/** The web client's own login: the session is a cookie. */
export const session: SessionProtocol<OdooOptions> = {
  login({ username, password }, { database }) {
    return {
      method: 'POST',
      url: 'web/session/authenticate',
      body: envelope({ db: database, login: username, password }),
    };
  },
  read(response) {
    const result = asRecord(resultOf(response.json(), 'json-rpc', 'login'));
    if (typeof result?.['uid'] !== 'number')
      throw new PermanentError('source/unauthorised', 'login: Odoo does not accept user and password', {
        hint: 'Check auth.username, auth.password and database. A user with a second factor needs an API key.',
      });
    const cookie = cookiesOf(response);
    const sessionId = /(?:^|; )session_id=([^;]+)/.exec(cookie ?? '')?.[1];
    if (cookie === null || sessionId === undefined)
      throw new PermanentError('source/bad-shape', 'login: Odoo sets no session_id');
    return { headers: { cookie }, secrets: [sessionId, cookie], expiresInMs: null };
  },
  isExpired: ({ body }) => isSessionOver(body),
};
