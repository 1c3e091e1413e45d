import { asRecord, type HttpClient, type HttpResponse, OutturnError, PermanentError, RetryableError } from '#kit';

const QUERY_PATH = 'services/rest/query/v1/suiteql';
const LONGEST_DETAIL = 600;
const ROLE_HINT =
  'The role of the integration needs REST Web Services, SuiteAnalytics Workbook, and View of these records.';

/**
 * One SuiteQL query, its first `limit` rows. `place` begins messages, such as `stream bills`. Throws typed errors for what
 * NetSuite refuses.
 */
export async function runSuiteql(http: HttpClient, query: string, limit: number, place: string): Promise<HttpResponse> {
  const response = await http
    .request({
      method: 'POST',
      url: QUERY_PATH,
      query: { limit },
      // The query service refuses requests without it.
      headers: { accept: 'application/json', prefer: 'transient' },
      body: { q: query },
      bodyType: 'json',
      acceptStatuses: [400],
      explain: errorText,
    })
    .catch((thrown: unknown) => {
      if (!(thrown instanceof OutturnError) || thrown.code !== 'source/forbidden') throw thrown;
      throw new PermanentError(thrown.code, thrown.message, { hint: ROLE_HINT, facts: thrown.facts, cause: thrown });
    });
  if (response.status === 400) throw refused(response, place);
  return response;
}

/** What a problem document says: `detail` and `o:errorCode` of each of its errors; null: it is none. */
export function errorText(body: string): string | null {
  const problem = problemOf(body);
  if (problem === null) return null;
  return problem.code === '' ? problem.detail : `${problem.detail} (${problem.code})`;
}

function problemOf(body: string): { detail: string; code: string } | null {
  let document: Record<string, unknown> | null;
  try {
    document = asRecord(JSON.parse(body));
  } catch {
    return null;
  }
  const details: unknown = document?.['o:errorDetails'];
  const [first] = Array.isArray(details) ? details.map(asRecord) : [document];
  const detail = first?.['detail'] ?? document?.['title'];
  const code = first?.['o:errorCode'] ?? document?.['o:errorCode'];
  if (typeof detail !== 'string' || detail.trim() === '') return null;
  return {
    // The sentence before it is the same for every query that is wrong.
    detail: detail
      .replace(/^Invalid search query\. (?:Detailed unprocessed description follows\. )?/, '')
      .trim()
      .slice(0, LONGEST_DETAIL),
    code: typeof code === 'string' ? code.slice(0, 80) : '',
  };
}

function refused(response: HttpResponse, place: string): OutturnError {
  const { detail, code } = problemOf(response.body) ?? { detail: 'no reason given', code: '' };
  const said = `${place}: NetSuite refuses the query: ${detail}${code === '' ? '' : ` (${code})`}`;
  const facts = { status: response.status, code };
  if (/LIMIT_EXCEEDED|CONCUR/.test(code))
    return new RetryableError('source/rate-limited', said, {
      hint: 'All integrations of the account share its concurrent requests: lower concurrency of the budget.',
      retryAfterMs: response.retryAfterMs,
      facts,
    });
  if (/PERMISSION/.test(code) || /permission/i.test(detail))
    return new PermanentError('source/forbidden', said, {
      hint: ROLE_HINT,
      facts,
    });
  const isUnknown = /Unknown identifier|Invalid search type|was not found/.test(detail);
  return new PermanentError('source/bad-request', said, {
    hint: isUnknown
      ? 'The name is wrong, or the role may not see it: compare with the Records Catalog in NetSuite (Setup > Records Catalog).'
      : 'Check from, columns, where and cursor of the stream.',
    facts,
  });
}
