const LONGEST = 80;

/** What a source sent, for a message: as JSON, short, whatever it is (JSON.stringify overflows on what is nested too deep). */
export function shownValue(value: unknown): string {
  if (typeof value === 'object' && value !== null && Object.values(value).some((each) => typeof each === 'object'))
    return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, LONGEST) : value) ?? 'nothing';
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** A single value as the text that it is; lists and objects as messages show them (String fails on what has a `toString` of its own). */
export function textOfScalar(value: unknown): string {
  return typeof value === 'object' && value !== null ? shownValue(value) : String(value);
}
