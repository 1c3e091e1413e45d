import { AsyncLocalStorage } from 'node:async_hooks';

export type LogFacts = Readonly<Record<string, unknown>>;

/** One for the process: a line belongs to the work that writes it, whichever logger it goes through. */
const scope = new AsyncLocalStorage<LogFacts>();

/** The facts of the work that runs now. */
export const scopedFacts = (): LogFacts => scope.getStore() ?? {};

/** Runs the work with further facts. */
export const withFacts = <T>(facts: LogFacts, work: () => T): T => scope.run({ ...scopedFacts(), ...facts }, work);

/** Runs work that belongs to nobody who runs now. */
export const withoutFacts = <T>(work: () => T): T => scope.run({}, work);
