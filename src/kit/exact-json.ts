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

/**
 * JSON with numbers as numbers where a double holds them digit for digit (`0.1`, `12.50`), and as the text that stood
 * there where it does not (`1234567890.12345678901`): arithmetic works, and no amount of money loses a digit.
 * Throws SyntaxError where the text is no JSON.
 */
export function parseFaithfulJson(body: string): unknown {
  return JSON.parse(body, (_key: string, value: unknown, ...rest: unknown[]): unknown => {
    if (typeof value !== 'number') return value;
    const source = asRecord(rest[0])?.['source'];
    return typeof source === 'string' && !isFaithful(source, value) ? source : value;
  });
}

/** Up to fifteen digits survive a double (IEEE 754); longer ones are compared. */
function isFaithful(source: string, value: number): boolean {
  if (source.length <= 15 && !/e/i.test(source)) return true;
  return Number.isFinite(value) && scientific(source) === scientific(String(value));
}

/** One form for equal decimals: significant digits and the exponent of the first one. */
function scientific(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const leadingZeros = whole.length + fraction.length - digits.length;
  const significant = digits.replace(/0+$/, '');
  return significant === '' ? '0' : `${sign}${significant}e${Number(exponent) + whole.length - leadingZeros}`;
}

/** A JSON object; null for everything else. */
export function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
