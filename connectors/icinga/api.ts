import { asRecord, type HttpClient, type HttpResponse, PermanentError, shownValue } from '#kit';
import type { IcingaStream } from './options.ts';

const NOT_ICINGA = 'Check that url leads to the API of Icinga 2, such as https://icinga.example.com:5665, without /v1.';

/** Icinga says the same of three things; without saying so nobody would look at the other two. */
function explain(body: string): string | null {
  let status: unknown;
  try {
    status = asRecord(JSON.parse(body))?.['status'];
  } catch {
    return null;
  }
  if (typeof status !== 'string') return null;
  return /no objects found/i.test(status)
    ? `${status} Icinga says so of a mistake in filter, of a variable that filterVars does not have, and of a missing permission (objects/query/Service, objects/query/Host)`
    : status;
}

/** GET with a body: filters with variables stand there. */
export async function queryObjects(
  http: HttpClient,
  objects: IcingaStream['objects'],
  body: Record<string, unknown>,
): Promise<HttpResponse> {
  return await http.request({
    method: 'POST',
    url: `v1/objects/${objects}`,
    headers: { accept: 'application/json', 'x-http-method-override': 'GET' },
    body,
    bodyType: 'json',
    explain,
  });
}

/** Who asks, and what that user may do. */
export async function whoAmI(http: HttpClient): Promise<{ user: string; version: string; permissions: string[] }> {
  const response = await http.request({ url: 'v1', headers: { accept: 'application/json' }, explain });
  const [first] = resultsOf(response.body, 'check: /v1');
  const { user, version, permissions } = first ?? {};
  if (typeof user !== 'string' || typeof version !== 'string' || !Array.isArray(permissions))
    throw new PermanentError('source/bad-shape', 'check: /v1 does not say who asks', { hint: NOT_ICINGA });
  return { user, version, permissions: permissions.filter((each) => typeof each === 'string') };
}

/** The `results` of an answer. */
export function resultsOf(body: string, place: string): Record<string, unknown>[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new PermanentError('source/bad-shape', `${place}: the answer is not JSON`, { hint: NOT_ICINGA });
  }
  const results = asRecord(parsed)?.['results'];
  if (!Array.isArray(results))
    throw new PermanentError('source/bad-shape', `${place}: the answer has no results`, { hint: NOT_ICINGA });
  return results.map((each: unknown, index) => {
    const result = asRecord(each);
    if (result !== null) return result;
    throw new PermanentError('source/bad-shape', `${place}: result ${index + 1} is ${shownValue(each)}`, {
      hint: NOT_ICINGA,
    });
  });
}

/** `objects/query/*` allows `objects/query/Service`. Names are compared as Icinga does, whatever their case. */
export function allows(permissions: readonly string[], wanted: string): boolean {
  return permissions.some((permission) => {
    const [granted = ''] = permission.toLowerCase().split(' ');
    return granted.endsWith('*')
      ? wanted.toLowerCase().startsWith(granted.slice(0, -1))
      : granted === wanted.toLowerCase();
  });
}
