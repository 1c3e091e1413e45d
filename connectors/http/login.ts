import { cookiesOf, type HttpResponse, PermanentError, renderTemplate, type SessionProtocol } from '#kit';
import { buildRequest, segmentsOf } from './build-request.ts';
import { pointed } from './document.ts';
import type { HttpOptions, Login } from './options.ts';
import { explainBody } from './rules.ts';

function loginOf({ login }: HttpOptions): Login {
  if (login !== undefined) return login;
  throw new PermanentError('config/invalid-value', 'auth: { kind: session } needs login: how to log in', {
    hint: 'Add login with request and token to the connector.',
  });
}

/** `login` of the connector as a protocol: one request, a token out of its answer, a header on every later request. */
export const declaredLogin: SessionProtocol<HttpOptions> = {
  login(credentials, options) {
    const { request } = loginOf(options);
    const values = (name: string): unknown => {
      if (name === 'username') return credentials.username;
      if (name === 'password') return credentials.password;
      const key = name.replace(/^values\./, '');
      return Object.hasOwn(options.values, key) ? options.values[key] : undefined;
    };
    return {
      ...buildRequest(request, {
        values,
        timeZone: options.timeZone,
        streamId: 'login',
        parentUrl: null,
        rewriteLinks: false,
      }),
      expect: 'text',
      anonymous: true,
      explain: explainBody,
    };
  },
  read(response, options) {
    const login = loginOf(options);
    const expiresInMs = lifetimeMs(response, login);
    if ('cookies' in login.token) {
      const cookie = cookiesOf(response);
      if (cookie === null) throw noToken(response, 'sets no cookie');
      return {
        headers: { cookie },
        secrets: cookie.split('; ').map((pair) => pair.replace(/^[^=]*=/, '')),
        expiresInMs,
      };
    }
    const token =
      'header' in login.token
        ? response.headers[login.token.header.toLowerCase()]
        : pointed(parsed(response), segmentsOf(login.token.at));
    if ((typeof token !== 'string' && typeof token !== 'number') || token === '')
      throw noToken(
        response,
        'header' in login.token ? `has no header ${login.token.header}` : `has nothing at ${login.token.at}`,
      );
    const value = renderTemplate(login.send.value, () => token, { timeZone: 'UTC' }) ?? '';
    return { headers: { [login.send.header.toLowerCase()]: value }, secrets: [String(token)], expiresInMs };
  },
};

function parsed(response: Pick<HttpResponse, 'body'>): unknown {
  try {
    return JSON.parse(response.body);
  } catch {
    return undefined;
  }
}

function lifetimeMs(response: HttpResponse, { expiresIn, lifetime }: Login): number | null {
  const seconds = expiresIn === undefined ? Number.NaN : Number(pointed(parsed(response), segmentsOf(expiresIn)));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : (lifetime ?? null);
}

/** Many sources answer a wrong password with a 200. */
function noToken(response: HttpResponse, what: string): PermanentError {
  const said = explainBody(response.body) ?? excerptOf(response.body);
  return new PermanentError(
    'source/unauthorised',
    `the answer to the login ${what}${said === null ? '' : `: ${said}`}`,
    {
      hint: 'Check username and password, and login.token: where the token stands.',
    },
  );
}

const NAMES_OF_CODES = /^(?:status|code|state|success|ok|errno|error_?code|result|type|valid)$/i;
const MOST_EXCERPT_CHARACTERS = 300;

/**
 * What the source answered, short. The token may stand elsewhere in it than login.token says: only sentences and codes are
 * shown, all other values as "…". Null: nothing of it can be.
 */
function excerptOf(body: string): string | null {
  const text = body.trim();
  const document = parsed({ body: text });
  if (document === undefined) return text.startsWith('<') || !isSentence(text) ? null : masked(text);
  const shown = JSON.stringify(document, (name, value: unknown) => {
    if (typeof value === 'object' || typeof value === 'boolean') return value;
    if (typeof value === 'string' && isSentence(value)) return masked(value);
    return NAMES_OF_CODES.test(name) && /^(?:-?\d{1,5}|[a-z]+(?:[_.-][a-z]+)*)$/i.test(String(value)) ? value : '…';
  });
  return shown.length > MOST_EXCERPT_CHARACTERS ? `${shown.slice(0, MOST_EXCERPT_CHARACTERS)}…` : shown;
}

/** Words with spaces between them; a token after its scheme ("Bearer …") is none. */
const isSentence = (text: string): boolean => /^\p{L}\S*(?:\s+\S+){2,}$/u.test(text);

/** Without words that could be a token: long ones, and those that mix letters and digits. */
const masked = (text: string): string =>
  text.slice(0, MOST_EXCERPT_CHARACTERS).replace(/\S{24,}|(?=\S*\d)(?=\S*\p{L})\S{8,}/gu, '…');
