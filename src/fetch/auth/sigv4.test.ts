import { describe, expect, it } from 'vitest';
import type { AuthConfig } from '#kit';
import { signRequest, sigv4Credentials } from './sigv4.ts';

/** What AWS's documentation signs with: "Signature Version 4 test suite" and "Create a signed AWS API request". */
const auth: Extract<AuthConfig, { kind: 'sigv4' }> = {
  kind: 'sigv4',
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
  region: 'us-east-1',
  service: 'service',
};
const nowMs = Date.parse('2015-08-30T12:36:00Z');
const form = { 'content-type': 'application/x-www-form-urlencoded' };
type Case = [
  name: string,
  method: 'GET' | 'POST',
  address: string,
  headers: Record<string, string>,
  body: string | null,
  signed: string,
  signature: string,
];

describe('requests of the published test suite are signed as published', () => {
  it.each<Case>([
    [
      'get-vanilla',
      'GET',
      '/',
      {},
      null,
      'host;x-amz-date',
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'get-unreserved',
      'GET',
      '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
      {},
      null,
      'host;x-amz-date',
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      '/?Param2=value2&Param1=value1',
      {},
      null,
      'host;x-amz-date',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-utf8-query',
      'GET',
      '/?ሴ=bar',
      {},
      null,
      'host;x-amz-date',
      '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
    ],
    [
      'get-header-value-trim',
      'GET',
      '/',
      { 'my-header1': 'value1', 'my-header2': '"a   b   c"' },
      null,
      'host;my-header1;my-header2;x-amz-date',
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    [
      'post-vanilla',
      'POST',
      '/',
      {},
      null,
      'host;x-amz-date',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-vanilla-query',
      'POST',
      '/?Param1=value1',
      {},
      null,
      'host;x-amz-date',
      '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
    ],
    [
      'post-x-www-form-urlencoded',
      'POST',
      '/',
      form,
      'Param1=value1',
      'content-type;host;x-amz-date',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ])('%s', async (_name, method, path, headers, body, signed, signature) => {
    const address = new URL(`https://example.amazonaws.com${path}`);
    const result = await signRequest(auth, { method, address, headers, body }, { nowMs, contentHash: false });
    expect(result.headers).toEqual({
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signed}, Signature=${signature}`,
    });
  });

  it('ListUsers of IAM, the example of the documentation', async () => {
    const { headers, search } = await signRequest(
      { ...auth, service: 'iam' },
      {
        method: 'GET',
        address: new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08'),
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body: null,
      },
      { nowMs, contentHash: false },
    );
    expect(headers['authorization']).toContain(
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
    expect(search).toBe('Action=ListUsers&Version=2010-05-08');
  });
});

describe('a signed request', () => {
  it('sends the query in the spelling that was signed, names that stand twice as well', async () => {
    const address = new URL("https://example.amazonaws.com/?$filter=a+b&x=1&x=2&q=(it's*)");
    const { search } = await signRequest(auth, { method: 'GET', address, headers: {}, body: null }, { nowMs });
    expect(search).toBe('%24filter=a%20b&x=1&x=2&q=%28it%27s%2A%29');
  });

  it('carries the session token of temporary credentials and the hash of its body', async () => {
    const { headers } = await signRequest(
      { ...auth, sessionToken: 'temporary' },
      { method: 'POST', address: new URL('https://example.amazonaws.com/'), headers: {}, body: '{}' },
      { nowMs },
    );
    expect(headers).toMatchObject({
      'x-amz-security-token': 'temporary',
      'x-amz-content-sha256': '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    });
    expect(headers['authorization']).toContain(
      'SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token',
    );
  });
});

describe('a refusal', () => {
  const explain = (body: string, headers: Record<string, string> = {}, status = 403) =>
    sigv4Credentials(auth, { clock: { nowMs: () => nowMs }, redact: (text) => text }).explain?.(
      { status, headers, body },
      'connector aws: GET https://example.amazonaws.com/',
    );

  it.each([
    ['<Error><Code>RequestTimeTooSkewed</Code></Error>', /clock is 20m ahead of the source's/],
    ['{"message":"Signature expired: 20150830T123600Z is now earlier than …"}', /clock is 20m ahead/],
    ['<Error><Code>SignatureDoesNotMatch</Code></Error>', /clock is 20m ahead/],
    ['{"__type":"ExpiredTokenException"}', /temporary credentials are over/],
    ['{"__type":"UnrecognizedClientException"}', /accessKeyId/],
  ])('that says %s names the reason', (body, hint) => {
    const date = new Date(nowMs - 1_200_000).toUTCString();
    const error = explain(body, { date });
    expect(error).toMatchObject({ code: 'source/unauthorised', hint: expect.stringMatching(hint) });
  });

  it('of a wrong secret names key, region and service where the clocks agree', () => {
    const date = new Date(nowMs).toUTCString();
    expect(explain('<Error><Code>SignatureDoesNotMatch</Code></Error>', { date })?.hint).toMatch(
      /secretAccessKey, region and service/,
    );
  });

  it('for want of a permission is none of credentials', () => {
    expect(explain('<Error><Code>AccessDenied</Code></Error>')).toBeNull();
  });
});
