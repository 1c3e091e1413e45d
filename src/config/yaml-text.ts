import { Composer, type CST, type Document, Lexer, type LineCounter, type Node, Parser } from 'yaml';
import { isEcho, syntaxMessage } from './syntax-message.ts';

/** What the library reads in about a third of a second; twice the largest file that a person keeps an overview of. */
export const MAX_TOKENS = 200_000;
const MAX_OPEN_BRACKETS = 2_000;
/** A broken indentation can make an error of every line after it. */
const MAX_SYNTAX_PROBLEMS = 20;

/** What keeps a text from being read, and where: 1-based. */
export interface SyntaxProblem {
  line: number;
  column: number;
  message: string;
}

export interface YamlText {
  /** Null: an empty document. */
  contents: Node | null;
  /** Words, signs and line breaks. */
  tokens: number;
}

const SECOND_DOCUMENT = 'a second document begins here ("---"); write one document a file';
const OPTIONS = {
  prettyErrors: false,
  stringKeys: true,
  // The walk sees to that: the library compares each key with each other, which a large file makes slow.
  uniqueKeys: false,
  resolveKnownTags: false,
  logLevel: 'silent',
} as const;

/** Parses one document, in time that `MAX_TOKENS` bounds; `lines` then knows every place of it. Never throws for what the text holds. */
export function parseYamlText(text: string, lines: LineCounter): YamlText | SyntaxProblem[] {
  const tooDeep = endlessNesting(text);
  if (tooDeep !== null) return [{ ...tooDeep, message: 'the file is nested too deeply' }];
  const at = (offset: number, message: string): SyntaxProblem => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), message };
  };
  try {
    const { cst, tokens, stoppedAt } = tokensOf(text, lines);
    if (stoppedAt !== null) {
      const most = MAX_TOKENS.toLocaleString('en');
      return [
        at(stoppedAt, `the file has more than ${most} words, signs and line breaks; spread it over several files`),
      ];
    }
    const documents = cst.filter((token) => token.type === 'document');
    const [, next] = documents;
    const first = next === undefined ? cst : cst.slice(0, cst.indexOf(next));
    const [document]: Document[] = [...new Composer(OPTIONS).compose(first, true, text.length)];
    const found = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
    const problems: SyntaxProblem[] = [];
    const seen = new Set<number>();
    for (const { code, message, pos } of found) {
      if (seen.size > 0 && isEcho(message)) continue;
      const problem = at(pos[0], syntaxMessage(code, message));
      if (seen.has(problem.line) || seen.size >= MAX_SYNTAX_PROBLEMS) continue;
      seen.add(problem.line);
      problems.push(problem);
    }
    // An empty one behind a last "---" hides nothing.
    const second = documents.slice(1).find(({ value }) => value !== undefined);
    if (second !== undefined) problems.push(at(second.offset, SECOND_DOCUMENT));
    if (problems.length > 0) return problems;
    return { contents: (document?.contents ?? null) as Node | null, tokens };
  } catch (thrown) {
    // The library recurses: tens of thousands of opening brackets exhaust the stack.
    const message = thrown instanceof RangeError ? 'the file is nested too deeply' : 'the file cannot be read as YAML';
    return [{ line: 1, column: 1, message }];
  }
}

/** The concrete syntax, token by token, so that it can be given up in the middle. */
function tokensOf(text: string, lines: LineCounter): { cst: CST.Token[]; tokens: number; stoppedAt: number | null } {
  const cst: CST.Token[] = [];
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let tokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MAX_TOKENS) return { cst, tokens, stoppedAt: parser.offset };
    for (const token of parser.next(lexeme)) cst.push(token);
  }
  for (const token of parser.end()) cst.push(token);
  return { cst, tokens, stoppedAt: null };
}

/**
 * Where so many brackets are open that no honest file has them, null otherwise. The library would take seconds and a gigabyte
 * to find out. Those in texts and comments count too: mostly they are closed, and a few thousand are far beyond any file.
 */
function endlessNesting(text: string): { line: number; column: number } | null {
  let open = 0;
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '[' || character === '{') open += 1;
    else if (character === ']' || character === '}') open = Math.max(0, open - 1);
    else if (character === '\n') {
      line += 1;
      lineStart = at + 1;
    }
    if (open > MAX_OPEN_BRACKETS) return { line, column: at - lineStart + 1 };
  }
  return null;
}
