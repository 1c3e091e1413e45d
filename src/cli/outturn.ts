import { keepHeapSmall } from '#src/main/heap-growth';
import { processIo } from './io.ts';
import { runOutturn } from './run.ts';

// Before the app is loaded: what has grown by then stays grown.
keepHeapSmall();

/** npm and the launcher pass Ctrl-C on, which the terminal has sent to this process already. */
const ECHO_MS = 500;
const stop = new AbortController();
let stoppedAtMs = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (!stop.signal.aborted) {
      stoppedAtMs = performance.now();
      stop.abort();
    }
    // A second one is meant: leave at once.
    else if (performance.now() - stoppedAtMs > ECHO_MS) process.exit(signal === 'SIGINT' ? 130 : 143);
  });

await runOutturn(process.argv.slice(2), processIo(stop.signal));
