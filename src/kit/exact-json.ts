/**
 * JSON with numbers as the text that stood there: `1234567890.12345678901` stays so, for amounts of money.
 * Throws SyntaxError where the text is no JSON.
 */
export function parseExactJson(body: string): unknown {
  return JSON.parse(body, (_key: string, value: unknown, ...rest: unknown[]): unknown => {
    if (typeof value !== 'number') return value;
    const [context] = rest;
    const source = asRecord(context)?.['source'];
    return typeof source === 'string' ? source : value;
  });
}

/** A JSON object; null for everything else. */
export function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
