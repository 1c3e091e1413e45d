/** A piece of SQL: what the server alone reads (`quiet`: literals, quoted names, comments), or what means something here. */
export interface Token {
  kind: 'code' | 'quiet' | 'parameter' | 'positional' | 'semicolon';
  text: string;
}

/**
 * In order of precedence: comments, dollar quotes, strings (with backslashes only after E), quoted names, casts, parameters.
 * PostgreSQL documentation, "Lexical Structure". Block comments nest, which no regular expression can follow: `endOfComment`.
 */
const TOKEN =
  /--[^\n]*|\/\*|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|::|:=|:[A-Za-z_]\w*|\$\d+|;|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[^]/g;

/** Every piece of a text, in order; together they are the text. */
export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(sql); match !== null; match = TOKEN.exec(sql)) {
    let [text] = match;
    const start = match.index;
    if (text === '/*') text = sql.slice(start, endOfComment(sql, start));
    else if (/^\$\w*\$$/.test(text)) {
      const end = sql.indexOf(text, start + text.length);
      text = sql.slice(start, end === -1 ? sql.length : end + text.length);
    }
    TOKEN.lastIndex = start + text.length;
    found.push({ kind: kindOf(text), text });
  }
  return found;
}

function kindOf(text: string): Token['kind'] {
  if (/^(--|\/\*|\$\D|\$$|[eE]?'|")/.test(text)) return 'quiet';
  if (/^:[A-Za-z_]/.test(text)) return 'parameter';
  if (/^\$\d/.test(text)) return 'positional';
  return text === ';' ? 'semicolon' : 'code';
}

function endOfComment(sql: string, start: number): number {
  let depth = 0;
  const sign = /\/\*|\*\//g;
  sign.lastIndex = start;
  for (let match = sign.exec(sql); match !== null; match = sign.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return sign.lastIndex;
  }
  return sql.length;
}

/** White space or a comment. */
export const isBlank = ({ kind, text }: Token): boolean =>
  (kind === 'code' && text.trim() === '') || text.startsWith('--') || text.startsWith('/*');
