import { asRecord, type HttpClient, type HttpResponse, OutturnError, PermanentError, RetryableError } from '#kit';

/** The actions of CloudWatch that are used; each is a permission `cloudwatch:…` of IAM. */
export type Action = 'GetMetricData' | 'GetMetricStatistics' | 'ListMetrics';
const LONGEST_MESSAGE = 500;

export interface Answer {
  response: HttpResponse;
  content: Record<string, unknown>;
}

/**
 * One action by AWS's JSON 1.0 protocol: POST to `/`, times in seconds since 1970. Throws typed errors; AWS answers most of
 * them with 400, too many requests among them. `place` begins messages, such as `stream cpu`.
 */
export async function callCloudwatch(
  http: HttpClient,
  action: Action,
  body: Readonly<Record<string, unknown>>,
  place: string,
): Promise<Answer> {
  const response = await http.request({
    method: 'POST',
    url: '/',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `GraniteServiceVersion20100801.${action}`,
    },
    body: JSON.stringify(body),
    acceptStatuses: [400],
    explain: (text) => {
      const { code, message } = refusalOf(text, {});
      return code === '' && message === '' ? null : `${code}: ${message}`;
    },
  });
  if (response.status !== 200) throw refused(response, action, place);
  const content = asRecord(response.json());
  if (content === null)
    throw new PermanentError('source/bad-shape', `${place}: the answer to ${action} is no JSON object`, {
      hint: 'Check that url leads to CloudWatch: leave it out to ask the address of the region.',
    });
  return { response, content };
}

/** Code and words of a refusal: JSON's `__type`, the header of it, or XML, which some gateways answer whatever was asked. */
function refusalOf(body: string, headers: Readonly<Record<string, string>>): { code: string; message: string } {
  let content: Record<string, unknown> | null = null;
  try {
    content = asRecord(JSON.parse(body));
  } catch {
    content = {
      __type: /<Code>([^<]{1,200})<\/Code>/.exec(body)?.[1],
      message: /<Message>([^<]{1,2000})<\/Message>/.exec(body)?.[1],
    };
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, LONGEST_MESSAGE) : '');
  const type = text(content?.['__type']) || text(content?.['code']) || (headers['x-amzn-errortype'] ?? '');
  // `com.amazonaws.cloudwatch#InvalidParameterValueException:http://…`: the namespace and what follows a colon say nothing.
  const code = type.replace(/^.*#/, '').replace(/:.*$/, '').trim();
  return { code, message: text(content?.['message']) || text(content?.['Message']) };
}

function refused(response: HttpResponse, action: Action, place: string): OutturnError {
  const { code, message } = refusalOf(response.body, response.headers);
  const said = `${place}: ${action} is refused: ${code === '' ? 'no reason given' : code}${message === '' ? '' : ` (${message})`}`;
  const facts = { status: response.status, awsCode: code };
  if (/Throttl|RequestLimitExceeded|TooManyRequests|LimitExceeded/i.test(code))
    return new RetryableError('source/rate-limited', said, {
      hint: 'The account’s limit of requests or of points a second is reached: lower requestsPerMinute, or pull less often.',
      retryAfterMs: response.retryAfterMs,
      facts,
    });
  if (DENIED.test(code))
    return new PermanentError('source/forbidden', said, {
      hint: `Allow the action cloudwatch:${action} to the user or role of the key (IAM).`,
      facts,
    });
  if (/InternalFailure|InternalServer|InternalService|ServiceUnavailable/.test(code))
    return new RetryableError('source/server-error', said, { retryAfterMs: response.retryAfterMs, facts });
  if (/InvalidNextToken/.test(code))
    return new RetryableError('source/partial', said, {
      hint: 'The place in the answer is not known there any more; the pull begins anew.',
      facts,
    });
  return new PermanentError('source/bad-request', said, {
    hint: 'Check metric, expression and period of the stream.',
    facts,
  });
}

const DENIED = /AccessDenied|NotAuthorized|UnauthorizedOperation|OptInRequired/;

/** Whether an error is AWS's own word that the key may not use this one action: it knows the key. */
export const isDenied = (thrown: unknown): thrown is OutturnError =>
  thrown instanceof OutturnError && thrown.code === 'source/forbidden' && DENIED.test(thrown.message);

/** The token of the next page; null after the last. */
export function nextTokenOf(content: Record<string, unknown>, place: string): string | null {
  const token = content['NextToken'];
  if (token === undefined || token === null || token === '') return null;
  if (typeof token !== 'string') throw new PermanentError('source/bad-shape', `${place}: NextToken is no text`);
  return token;
}
