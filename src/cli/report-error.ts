import { asOutturnError } from '#kit';
import { knownSecrets } from '#src/main/environment';
import { type Io, printJson } from './io.ts';

/** One error for people (code, message, what to do) or, with `--json`, as a document. A stack is shown only for a defect of ours at log level debug. */
export function reportError(io: Io, thrown: unknown, json: boolean): void {
  const error = asOutturnError(thrown);
  const message = knownSecrets.text(error.message);
  const hint = error.hint === undefined ? null : knownSecrets.text(error.hint);
  // What already answered, such as `up` that was ready, keeps its one document.
  if (json && !io.answered) {
    const facts = error.facts === undefined ? {} : { facts: error.facts };
    printJson(io, { error: { code: error.code, message, hint, ...facts } });
    return;
  }
  io.err(`${io.color.red('error')} ${io.color.dim(error.code)}\n${message}`);
  if (hint !== null) io.err(`${io.color.bold('→')} ${hint}`);
  if (error.code === 'internal') {
    io.err('This is a defect of outturn. OUTTURN_LOG_LEVEL=debug shows where it happened.');
    if (io.variables.OUTTURN_LOG_LEVEL === 'debug' && error.cause instanceof Error)
      io.err(knownSecrets.text(error.cause.stack ?? ''));
  }
}
