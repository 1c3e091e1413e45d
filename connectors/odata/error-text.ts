import { asRecord } from '#kit';

/** Reasons besides the first that are quoted: Gateway repeats each message of the stack. */
const MOST_DETAILS = 3;

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
      .filter((detail) => !/^(info|warning|success)$/i.test(String(asRecord(detail)?.['severity'] ?? '')))
      .map((detail) => textOf(asRecord(detail)?.['message'])),
  ].filter((message) => message !== null);
  const distinct = [...new Set(messages)];
  if (distinct.length === 0) return null;
  const code = textOf(error['code']);
  const transaction = textOf(inner?.['transactionid']);
  return [
    distinct.slice(0, MOST_DETAILS + 1).join('; ') + (code === null ? '' : ` (${code})`),
    ...(transaction === null ? [] : [`transaction ${transaction}`]),
  ].join(', ');
}

/** A text, or V2's `{ lang, value }`; null when there is none. */
function textOf(value: unknown): string | null {
  const text = asRecord(value)?.['value'] ?? value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim().slice(0, 500) : null;
}

/** SAP Gateway may answer errors in XML although JSON was asked for. */
function xmlErrorText(body: string): string | null {
  const element = (name: string): string | null =>
    new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]{0,200})?>([^<]{1,500})<`).exec(body)?.[1]?.trim() ?? null;
  const message = element('message');
  const transaction = element('transactionid');
  return message === null || transaction === null ? message : `${message}, transaction ${transaction}`;
}
