import { Composer, type CST, type Document, Lexer, type LineCounter, type Node, Parser } from 'yaml';
import { isEcho, syntaxMessage } from './syntax-message.ts';

/** What the library reads in about a third of a second; twice the largest file that a person keeps an overview of. */
export const MAX_TOKENS = 150_000;
/** Collections that are open at a time: the library's time grows with the square of it, and its stack ends somewhere. */
const MAX_OPEN = 100;
/** A broken indentation can make an error of every line after it. */
const MAX_SYNTAX_PROBLEMS = 20;
/** What follows so many signs that stand where none may is not looked at: more than twenty problems are not shown. */
const MAX_MISPLACED = 100;

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

const TOO_MANY_TOKENS = `the file has more than ${MAX_TOKENS.toLocaleString('en')} words, signs and line breaks; spread it over several files`;
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
  const at = (offset: number, message: string): SyntaxProblem => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), message };
  };
  try {
    const { cst, tokens, stopped } = tokensOf(text, lines);
    if (stopped !== null) return [at(stopped.offset, stopped.message)];
    const documents = cst.filter((token) => token.type === 'document');
    const [, next] = documents;
    const first = next === undefined ? cst : cst.slice(0, cst.indexOf(next));
    const document = compose(first, text.length);
    const found = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
    const problems: SyntaxProblem[] = [];
    const seen = new Set<number>();
    for (const { code, message, pos } of found) {
      if (seen.size >= MAX_SYNTAX_PROBLEMS) break;
      if (seen.has(lines.linePos(pos[0]).line) || (seen.size > 0 && isEcho(message))) continue;
      seen.add(lines.linePos(pos[0]).line);
      problems.push(at(pos[0], syntaxMessage(code, message)));
    }
    // An empty one behind a last "---" hides nothing.
    const second = cst
      .slice(first.length)
      .find((token) => token.type === 'error' || (token.type === 'document' && token.value !== undefined));
    if (second !== undefined) problems.push(at(second.offset, SECOND_DOCUMENT));
    if (problems.length > 0) return problems;
    return { contents: (document?.contents ?? null) as Node | null, tokens };
  } catch (thrown) {
    // The library recurses: tens of thousands of opening brackets exhaust the stack.
    const message = thrown instanceof RangeError ? 'the file is nested too deeply' : 'the file cannot be read as YAML';
    return [{ line: 1, column: 1, message }];
  }
}

/** A hundred thousand errors are made in a moment, unless each is given its stack. */
function compose(tokens: readonly CST.Token[], end: number): Document | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const [document]: Document[] = [...new Composer(OPTIONS).compose(tokens, true, end)];
    return document;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

interface Tokens {
  cst: CST.Token[];
  tokens: number;
  /** Not null: the text is beyond a limit from there on. */
  stopped: { offset: number; message: string } | null;
}

/** The concrete syntax, token by token, so that it can be given up in the middle. */
function tokensOf(text: string, lines: LineCounter): Tokens {
  const cst: CST.Token[] = [];
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let tokens = 0;
  let misplaced = 0;
  const stop = (message: string): Tokens => ({ cst, tokens, stopped: { offset: parser.offset, message } });
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MAX_TOKENS) return stop(TOO_MANY_TOKENS);
    for (const token of parser.next(lexeme)) {
      cst.push(token);
      if (token.type === 'error') misplaced += 1;
    }
    if (parser.stack.length > MAX_OPEN) return stop('the file is nested too deeply');
    if (misplaced >= MAX_MISPLACED) return { cst, tokens, stopped: null };
  }
  for (const token of parser.end()) cst.push(token);
  return { cst, tokens, stopped: null };
}
