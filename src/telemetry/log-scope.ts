import { AsyncLocalStorage } from 'node:async_hooks';

export type LogFacts = Readonly<Record<string, unknown>>;

/** One for the process: a line belongs to the work that writes it, whichever logger it goes through. */
const scope = new AsyncLocalStorage<LogFacts>();

let activeTrace: () => string | undefined = () => undefined;

/** Names the trace that runs now: each line carries it. Given by whoever traces. */
export function nameTraceBy(find: () => string | undefined): void {
  activeTrace = find;
}

/** The facts of the work that runs now. */
export function scopedFacts(): LogFacts {
  const facts = scope.getStore() ?? {};
  const trace = activeTrace();
  return trace === undefined ? facts : { ...facts, trace };
}

/** Runs the work with further facts. */
export const withFacts = <T>(facts: LogFacts, work: () => T): T => scope.run({ ...scope.getStore(), ...facts }, work);

/** Runs work that belongs to nobody who runs now. */
export const withoutFacts = <T>(work: () => T): T => scope.run({}, work);
