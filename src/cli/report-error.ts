import { asOutturnError } from '#kit';
import { knownSecrets } from '#src/main/environment';
import type { Io } from './io.ts';

/** One error for people (code, message, what to do) or, with `--json`, as a document. A stack is shown only for a defect of ours at log level debug. */
export function reportError(io: Io, thrown: unknown, json: boolean): void {
  const error = asOutturnError(thrown);
  const message = knownSecrets.text(error.message);
  const hint = error.hint === undefined ? null : knownSecrets.text(error.hint);
  if (json) {
    io.out(
      JSON.stringify(
        { error: { code: error.code, message, hint, ...(error.facts === undefined ? {} : { facts: error.facts }) } },
        null,
        2,
      ),
    );
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
