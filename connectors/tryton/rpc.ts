import {
  asRecord,
  type ConnectorContext,
  type HttpRequest,
  type HttpResponse,
  type OutturnError,
  PermanentError,
  RetryableError,
  type SessionProtocol,
  textOfScalar,
} from '#kit';
import type { TrytonOptions } from './options.ts';

/** Tryton's JSON-RPC is that of version 1.0: exactly `id`, `method` and `params`, or it answers errors by status. */
export function rpcRequest(options: TrytonOptions, method: string, params: readonly unknown[]): HttpRequest {
  return {
    method: 'POST',
    url: `${encodeURIComponent(options.database)}/`,
    body: { id: 1, method, params },
    explain: paragraphOf,
  };
}

/** Refusals by status are pages for people. */
const paragraphOf = (body: string): string | null => /<p>([^<]{1,300})/i.exec(body)?.[1]?.trim() ?? null;

/** The result of a call. Throws what the answer says in place of one: Tryton puts its errors into an HTTP 200. */
export function resultOf(answer: unknown, what: string): unknown {
  const record = asRecord(answer);
  if (record === null || (!('result' in record) && record['error'] === undefined))
    throw new PermanentError('source/bad-shape', `${what}: the answer is not one of Tryton's JSON-RPC`, {
      hint: 'Check url and database: another service may listen there.',
    });
  if (record['error'] !== undefined && record['error'] !== null) throw rpcError(record['error'], what);
  return record['result'];
}

/** `[type, arguments]` of Tryton's own exceptions, `[message, traceback]` of any other. */
function rpcError(error: unknown, what: string): OutturnError {
  const [type, details] = Array.isArray(error) ? error : [error, null];
  const name = textOfScalar(type).slice(0, 300);
  const texts = (Array.isArray(details) ? details : [details]).filter(
    (part) => typeof part === 'string' && part !== '',
  );
  const said = texts.join(' - ').slice(0, 500);
  switch (name) {
    case 'UserError':
      // An access error is a user error, told by its text alone.
      return /not allowed to|no access|access right/i.test(said)
        ? new PermanentError('source/forbidden', `${what}: ${said}`, {
            hint: 'Give the user a group that may read this model, and records of this company.',
          })
        : new PermanentError('source/bad-request', `${what}: ${said}`, { hint: 'Check domain and fields.' });
    case 'UserWarning':
      return new PermanentError('source/bad-request', `${what}: Tryton asks for a confirmation: ${said}`);
    case 'LoginException':
      return new PermanentError('source/unauthorised', `${what}: the login wants more than a password: ${said}`, {
        hint: 'Use a user without a second factor, or a server that authenticates by password alone.',
      });
    case 'RateLimitException':
      return new RetryableError('source/rate-limited', `${what}: too many logins`, {
        hint: 'Tryton counts failed logins: check auth.username and auth.password, then wait.',
      });
    case 'ConcurrencyException':
      return new RetryableError('source/server-error', `${what}: a record was changed meanwhile`);
    default:
      // Only the first line: the second part is the server's own traceback.
      return /operational|deadlock|timeout|locked|connection/i.test(name)
        ? new RetryableError('source/server-error', `${what}: ${name}`)
        : new PermanentError('source/bad-request', `${what}: the server failed with ${name || 'no message'}`, {
            hint: 'A model or field that does not exist gives its bare name: outturn check compares them.',
          });
  }
}

/** One call; numbers of the result are doubles. */
export async function call(
  ctx: Pick<ConnectorContext<TrytonOptions>, 'http' | 'options'>,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const response = await ctx.http.request(rpcRequest(ctx.options, method, params));
  return resultOf(response.json(), method);
}

/** The context of every call, as Tryton's own client sends it: the preferences of the user, and above them the options. */
export async function fetchContext(
  ctx: Pick<ConnectorContext<TrytonOptions>, 'http' | 'options'>,
): Promise<Record<string, unknown>> {
  const preferences = asRecord(await call(ctx, 'model.res.user.get_preferences', [true, {}]));
  if (preferences === null)
    throw new PermanentError('source/bad-shape', 'model.res.user.get_preferences gives no preferences');
  const { company } = ctx.options;
  return {
    ...preferences,
    ...(company === undefined ? {} : { company, companies: [company] }),
    language: ctx.options.language,
  };
}

/** `common.db.login`: user id and session, sent from then on as `Session base64(user:id:session)`. */
export const session: SessionProtocol<TrytonOptions> = {
  login({ username, password }, options) {
    return rpcRequest(options, 'common.db.login', [username, { password }, options.language]);
  },
  read(response: HttpResponse, _options, { username }) {
    const result = resultOf(response.json(), 'common.db.login');
    if (result === null)
      throw new PermanentError('source/unauthorised', 'Tryton does not accept user and password', {
        hint: 'Check auth.username and auth.password.',
      });
    const [userId, key] = Array.isArray(result) ? result : [];
    if (typeof userId !== 'number' || typeof key !== 'string')
      throw new PermanentError('source/bad-shape', 'common.db.login gives no user id with a session');
    const token = Buffer.from(`${username}:${userId}:${key}`).toString('base64');
    return { headers: { authorization: `Session ${token}` }, secrets: [key, token], expiresInMs: null };
  },
};
