import type { Client } from 'pg';
import type { Logger, OutboxNotice } from '#kit';
import { connectClient } from './connection.ts';

const channel = 'outturn_outbox';
const firstRetryMs = 100;
const longestRetryMs = 5_000;
/** A peer that vanished without a word is noticed within these two together. */
const probeEveryMs = 5_000;
const probeTimeoutMs = 3_000;

/**
 * LISTEN on a session of its own, remade whenever it is lost. `onNotify` is called for each notification and after each (re)connection,
 * because notifications of the time between are lost.
 */
export async function listenOutbox(
  options: { url: string; applicationName: string; log: Logger },
  onNotify: (notice: OutboxNotice) => void,
): Promise<{ close(): Promise<void> }> {
  let closed = false;
  let client: Client | null = null;
  let timer: NodeJS.Timeout | null = null;
  let retryMs = firstRetryMs;

  const later = (ms: number, work: () => void): void => {
    if (closed) return;
    timer = setTimeout(work, ms);
    timer.unref();
  };

  const reconnect = (lost: Client | null, reason: string): void => {
    if (closed || lost !== client) return;
    client = null;
    if (timer !== null) clearTimeout(timer);
    options.log.warn({ reason, retryMs }, 'the listening connection to the database was lost; making it again');
    void endQuietly(lost);
    later(retryMs, () => void connect());
    retryMs = Math.min(retryMs * 2, longestRetryMs);
  };

  const probe = (listening: Client): void => {
    later(probeEveryMs, () => {
      if (client !== listening) return;
      const deadline = setTimeout(() => reconnect(listening, 'no answer to a probe'), probeTimeoutMs);
      deadline.unref();
      listening.query('SELECT 1').then(
        () => {
          clearTimeout(deadline);
          if (client === listening) probe(listening);
        },
        (error: Error) => {
          clearTimeout(deadline);
          reconnect(listening, error.message);
        },
      );
    });
  };

  const connect = async (): Promise<void> => {
    let made: Client | null = null;
    try {
      made = await connectClient(options.url, { applicationName: options.applicationName });
      const listening = made;
      listening.on('notification', ({ payload = '' }) => onNotify(noticeOf(payload)));
      listening.on('end', () => reconnect(listening, 'the connection ended'));
      listening.on('error', (error) => reconnect(listening, error.message));
      await listening.query(`LISTEN ${channel}`);
      if (closed) return await endQuietly(listening);
      client = listening;
      retryMs = firstRetryMs;
      probe(listening);
      onNotify({ kind: 'due' });
    } catch (error) {
      await endQuietly(made);
      if (client === null) reconnect(null, error instanceof Error ? error.message : String(error));
    }
  };

  await connect();
  return {
    async close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      const open = client;
      client = null;
      await endQuietly(open);
    },
  };
}

const CANCELLED = 'cancelled:';

function noticeOf(payload: string): OutboxNotice {
  return payload.startsWith(CANCELLED)
    ? { kind: 'cancelled', jobId: payload.slice(CANCELLED.length) }
    : { kind: 'due' };
}

/** `end()` would wait for the answer of a peer that is gone. */
async function endQuietly(client: Client | null): Promise<void> {
  if (client === null) return;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 1_000);
  });
  await Promise.race([client.end().catch(() => undefined), patience]);
  clearTimeout(timer);
}
