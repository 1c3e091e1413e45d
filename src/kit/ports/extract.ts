/** JSONata over a JSON document, apart from the process's own thread: whatever the expression does, it ends. */
export interface Extractor {
  /**
   * Throws PermanentError `source/bad-expression` for an expression that is wrong, runs longer than its bound of time or
   * takes more than its bound of memory, `source/not-json` for a body that is no JSON.
   */
  evaluate(request: {
    expression: string;
    /** JSON text; numbers that a double cannot hold come as their digits. */
    body: string;
    bindings?: Record<string, unknown> | undefined;
  }): Promise<unknown>;
}
