import { asRecord, textOfScalar } from '#kit';

/** Reasons besides the first that are quoted: Gateway repeats each message of the stack. */
const MOST_DETAILS = 3;

/** Characters of a reason that an error message has room for. */
const MOST_SHOWN = 500;

const IS_NO_ERROR = /^(info|warning|success)$/i;

/**
 * The reason in an OData error object: V4 `error.message`, V2 `error.message.value`, with what its details add and the id
 * that an SAP or Microsoft administrator finds it by. Null when there is none. A stack trace is never quoted.
 */
export function errorText(body: string): string | null {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return xmlErrorText(body);
  }
  const envelope = asRecord(document);
  const error = asRecord(envelope?.['error'] ?? envelope?.['odata.error']);
  if (error === null) return null;
  const inner = asRecord(error['innererror']);
  const details = [error['details'], inner?.['errordetails']].flatMap((list) => (Array.isArray(list) ? list : []));
  const messages = [
    textOf(error['message']),
    // Dynamics 365 Finance says "An error has occurred." outside, and what it was inside.
    textOf(inner?.['message']),
    ...details
      .filter((detail) => !IS_NO_ERROR.test(textOfScalar(asRecord(detail)?.['severity'] ?? '')))
      .map((detail) => textOf(asRecord(detail)?.['message'])),
  ].filter((message) => message !== null);
  return reasonOf(messages, textOf(error['code']), textOf(inner?.['transactionid']));
}

/** One line: long messages give way to the code and the transaction, which an administrator searches by. */
function reasonOf(messages: string[], code: string | null, transaction: string | null): string | null {
  const distinct = [...new Set(messages)];
  if (distinct.length === 0) return null;
  const found = (code === null ? '' : ` (${code})`) + (transaction === null ? '' : `, transaction ${transaction}`);
  const said = distinct.slice(0, MOST_DETAILS + 1).join('; ');
  const room = Math.max(MOST_SHOWN - found.length, MOST_SHOWN / 2);
  return (said.length > room ? `${said.slice(0, room - 1)}…` : said) + found;
}

/** A text, or V2's `{ lang, value }`; null when there is none. */
function textOf(value: unknown): string | null {
  const text = asRecord(value)?.['value'] ?? value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim().slice(0, 500) : null;
}

/** SAP Gateway may answer errors in XML although JSON was asked for. */
function xmlErrorText(body: string): string | null {
  const element = (xml: string, name: string): string | null =>
    new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]{0,200})?>([^<]{1,500})<`).exec(xml)?.[1]?.trim() ?? null;
  const details = [...body.matchAll(/<(?:\w+:)?errordetail>(.{0,2000}?)<\/(?:\w+:)?errordetail>/gs)]
    .map(([, detail = '']) => detail)
    .filter((detail) => !IS_NO_ERROR.test(element(detail, 'severity') ?? ''));
  const messages = [body, ...details].map((xml) => element(xml, 'message')).filter((message) => message !== null);
  return reasonOf(messages, element(body, 'code'), element(body, 'transactionid'));
}
