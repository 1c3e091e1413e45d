import { asRecord } from '#kit';

const MOST_SHOWN = 500;
const withoutTags = (text: string): string => text.replace(/<[^>]{0,200}>/g, '').trim();

/** `_server_messages` is JSON in JSON: a text that holds a list of texts that hold objects. */
function serverMessages(text: unknown): string[] {
  if (typeof text !== 'string') return [];
  try {
    const list: unknown = JSON.parse(text);
    return (Array.isArray(list) ? list : []).slice(0, 5).flatMap((entry) => {
      const message = asRecord(typeof entry === 'string' ? JSON.parse(entry) : entry)?.['message'];
      return typeof message === 'string' ? [withoutTags(message)] : [];
    });
  } catch {
    return [];
  }
}

/** The reason that a refusal gives: v1 `exc_type` with messages, v2 `errors`; never the traceback. Null: it is none of Frappe's. */
export function explainRefusal(body: string): string | null {
  let document: Record<string, unknown> | null;
  try {
    document = asRecord(JSON.parse(body));
  } catch {
    return null;
  }
  if (document === null) return null;
  const errors = Array.isArray(document['errors']) ? document['errors'] : [];
  const parts = errors.slice(0, 5).flatMap((entry) => {
    const { type, message } = asRecord(entry) ?? {};
    return [type, message].filter((part) => typeof part === 'string').map((part) => withoutTags(String(part)));
  });
  if (typeof document['exc_type'] === 'string') parts.push(document['exc_type']);
  const said = serverMessages(document['_server_messages']);
  parts.push(...said);
  if (said.length === 0)
    for (const key of ['exception', '_error_message', 'message'])
      if (typeof document[key] === 'string') parts.push(withoutTags(document[key]));
  const text = [...new Set(parts.filter((part) => part !== ''))].join(': ');
  return text === '' ? null : text.slice(0, MOST_SHOWN);
}

/** A session that has ended answers as a guest would be answered: by 403, marked. */
export function isSessionOver(body: string): boolean {
  if (!body.includes('session_expired') && !body.includes('SessionExpired')) return false;
  try {
    const document = asRecord(JSON.parse(body));
    return document?.['session_expired'] === 1 || document?.['exc_type'] === 'SessionExpired';
  } catch {
    return false;
  }
}
