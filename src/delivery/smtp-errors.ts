import { type OutturnError, PermanentError, RetryableError, type SmtpConfig } from '#kit';

type Found = { kind: 'unknown'; reason: string } | { kind: 'error'; error: OutturnError };

/**
 * What a failed SMTP transaction means. A reply of the server decides (4xx again later, 5xx never); without one, a
 * message of which a part had left may have arrived.
 */
export function smtpError(
  thrown: unknown,
  context: { smtp: SmtpConfig; address: string; dataSent: boolean; redact(text: string): string },
): Found {
  const { smtp, address, dataSent, redact } = context;
  const { code, responseCode, message } = describe(thrown);
  const server = `${smtp.host}:${smtp.port}`;
  const text = redact(message);
  const retry = (errorCode: OutturnError['code'], words: string, hint?: string): Found => ({
    kind: 'error',
    error: new RetryableError(errorCode, words, { hint }),
  });
  const never = (errorCode: OutturnError['code'], words: string, hint?: string): Found => ({
    kind: 'error',
    error: new PermanentError(errorCode, words, { hint }),
  });

  if (code === 'ETLS' || code === 'EREQUIRETLS' || CERTIFICATE.test(`${code} ${message}`))
    return never('delivery/unreachable', `No trusted TLS connection to the mail server ${server}: ${text}`, TLS_HINT);
  if (code === 'EAUTH' || code === 'ENOAUTH' || responseCode === 530 || responseCode === 535)
    return responseCode !== null && responseCode < 500
      ? retry('delivery/rejected', `The mail server ${server} cannot check the login now: ${text}`)
      : never('delivery/rejected', `The mail server ${server} refuses the login: ${text}`, LOGIN_HINT);
  if (responseCode !== null && responseCode >= 500)
    return never(
      'delivery/rejected',
      `The mail server ${server} rejects the mail to ${address}: ${text}`,
      REJECTED_HINT,
    );
  if (responseCode !== null && responseCode >= 400)
    return retry('delivery/rejected', `The mail server ${server} does not take the mail to ${address} now: ${text}`);
  if (dataSent)
    return {
      kind: 'unknown',
      reason: `The connection to the mail server ${server} ended after the mail to ${address} was sent, without an answer: ${text}`,
    };
  if (code === 'EABORT') return retry('queue/cancelled', `Stopped before the mail to ${address} was sent`);
  if (code === 'EENVELOPE' || code === 'EMESSAGE')
    return never('delivery/rejected', `The mail to ${address} cannot be sent: ${text}`, REJECTED_HINT);
  return retry(
    'delivery/unreachable',
    `The mail server ${server} cannot be reached: ${text}`,
    'Check settings.smtp.host and port, and that the server runs.',
  );
}

const CERTIFICATE =
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|self-signed certificate|certificate has expired|does not match certificate|STARTTLS/;
const TLS_HINT =
  'Install the server’s CA, or set settings.smtp.tls to what the server offers (required, implicit, opportunistic or none).';
const LOGIN_HINT = 'Check settings.smtp.user and settings.smtp.password.';
const REJECTED_HINT = 'Check the recipient’s address and that settings.smtp.from may be used on this server.';

function describe(thrown: unknown): { code: string; responseCode: number | null; message: string } {
  if (!(thrown instanceof Error)) return { code: '', responseCode: null, message: String(thrown) };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  const responseCode = 'responseCode' in thrown && typeof thrown.responseCode === 'number' ? thrown.responseCode : null;
  return { code, responseCode, message: thrown.message };
}
