/** A pattern for LIKE that finds ids by their beginning; null for what no id begins with. Ids hold no wildcard. */
export function idPrefix(text: string): string | null {
  const prefix = text.toLowerCase();
  return /^[0-9a-z][0-9a-z-]*$/.test(prefix) ? `${prefix}%` : null;
}
