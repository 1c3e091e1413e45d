import type { AnyConnectorKind, ParseContext, ParsedPage, RawPage } from '../connector.ts';

/** Parses pages that would hold up the process: apart from its own thread, so that the others get their turns and a cancel is heard. */
export interface PageParser {
  /** From how many characters on a page is worth the way to another thread. */
  readonly leastCharacters: number;
  /**
   * What `kind.parse` gives. Throws what that throws; `source/too-large` when it takes more than the thread's memory; the
   * signal's reason as soon as it aborts, when the parsing ends too.
   */
  parse(
    kind: AnyConnectorKind,
    page: RawPage,
    context: Omit<ParseContext<unknown, unknown>, 'extract'>,
    signal: AbortSignal,
  ): Promise<ParsedPage>;
}
