import { describe, expect, it } from 'vitest';
import { asOutturnError } from '#kit';
import { declaredLogin } from './login.ts';
import { optionsSchema } from './options.ts';

const options = optionsSchema.parse({
  login: { request: { path: '/login', body: { json: {} } }, token: { at: '/result/ticket' } },
});

/** What is said of an answer with HTTP 200 to the login. */
function saidOf(answer: unknown): string {
  const body = typeof answer === 'string' ? answer : JSON.stringify(answer);
  const response = {
    status: 200,
    headers: {},
    body,
    url: 'https://api.example.com/login',
    receivedAtMs: 0,
    json: () => JSON.parse(body) as unknown,
  };
  try {
    declaredLogin.read(response, options, { username: 'u', password: 'p' });
  } catch (thrown) {
    return asOutturnError(thrown).message.replace('the answer to the login has nothing at /result/ticket', '');
  }
  return 'no error';
}

describe('an answer to the login without a token', () => {
  it.each<[string, unknown, string]>([
    [
      'is shown, where it tells by other names what is wrong',
      { status: 'ERR', code: 'BAD_LOGIN', text: 'unknown user or wrong password' },
      ': {"status":"ERR","code":"BAD_LOGIN","text":"unknown user or wrong password"}',
    ],
    ['says what most sources call a message', { message: 'wrong password' }, ': wrong password'],
    [
      'keeps a token to itself that stands elsewhere',
      { status: 'OK', ticket: 'abc', code: 'c0de9', session: { id: 12345 }, text: 'your ticket is a1b2c3d4e5' },
      ': {"status":"OK","ticket":"…","code":"…","session":{"id":"…"},"text":"your ticket is …"}',
    ],
    ['is shown where it is a sentence', 'ERR wrong password', ': ERR wrong password'],
    ['is not shown where it is a page', '<html>Log in please</html>', ''],
    ['is not shown where it is but a word', 'a-ticket', ''],
  ])('%s', (_, answer, said) => {
    expect(saidOf(answer)).toBe(said);
  });
});
