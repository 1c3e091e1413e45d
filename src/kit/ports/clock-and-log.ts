export interface Clock {
  nowMs(): number;
}

/** Structured log; every value passes the redactor. */
export interface Logger {
  debug(facts: Record<string, unknown>, message: string): void;
  info(facts: Record<string, unknown>, message: string): void;
  warn(facts: Record<string, unknown>, message: string): void;
  error(facts: Record<string, unknown>, message: string): void;
  child(facts: Record<string, unknown>): Logger;
}
