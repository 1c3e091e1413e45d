/**
 * JSON with numbers as the text that stood there: `1234567890.12345678901` stays so, for amounts of money.
 * Throws SyntaxError where the text is no JSON.
 */
export function parseExactJson(body: string): unknown {
  // A reviver would cost five times as much as reading the body once more beforehand.
  return JSON.parse(quoteNumbers(body, () => true));
}

/**
 * JSON with numbers as numbers where a double holds them digit for digit (`0.1`, `12.50`), and as the text that stood
 * there where it does not (`1234567890.12345678901`): arithmetic works, and no amount of money loses a digit.
 * Throws SyntaxError where the text is no JSON.
 */
export function parseFaithfulJson(body: string): unknown {
  return JSON.parse(quoteNumbers(body, (source) => (source.length > 15 || /e/i.test(source)) && !isFaithful(source)));
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The text with every number in quotes that `isWanted`. */
function quoteNumbers(body: string, isWanted: (source: string) => boolean): string {
  const pieces: string[] = [];
  let copied = 0;
  for (let at = 0; at < body.length; ) {
    const code = body.charCodeAt(at);
    if (code === QUOTE) at = endOfString(body, at);
    else if (isDigit(code)) {
      const start = at > 0 && body[at - 1] === '-' ? at - 1 : at;
      while (at < body.length && isOfNumber(body.charCodeAt(at))) at += 1;
      const source = body.slice(start, at);
      if (isWanted(source) && JSON_NUMBER.test(source) && !isKey(body, at)) {
        pieces.push(body.slice(copied, start), `"${source}"`);
        copied = at;
      }
    } else at += 1;
  }
  return copied === 0 ? body : pieces.join('') + body.slice(copied);
}

/** A number before a colon is no JSON, and must not become some. */
function isKey(body: string, end: number): boolean {
  const code = body.charCodeAt(end);
  return code === COLON || (code <= SPACE && /^\s*:/.test(body.slice(end, end + 100)));
}

/** The place after the closing quote. */
function endOfString(body: string, start: number): number {
  for (let end = body.indexOf('"', start + 1); end !== -1; end = body.indexOf('"', end + 1)) {
    let escapes = 0;
    while (body.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
  return body.length;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
/** Digits, `.`, `+`, `-`, `e`, `E`. */
const isOfNumber = (code: number): boolean =>
  isDigit(code) || code === 0x2e || code === 0x2b || code === 0x2d || code === 0x65 || code === 0x45;

/** Up to fifteen digits survive a double (IEEE 754); longer ones are compared. */
function isFaithful(source: string): boolean {
  const value = Number(source);
  return Number.isFinite(value) && (String(value) === source || scientific(source) === scientific(String(value)));
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
