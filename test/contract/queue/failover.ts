import { expect } from 'vitest';
import { pollUntil } from '../../harness/poll.ts';
import type { RedisServer } from '../../harness/servers/redis.ts';
import { gate, openWorld, type QueueServer, type World } from './fixture.ts';

const JOBS = 60;
const BEFORE_THE_FAILURE = 12;
const PATIENCE_MS = 90_000;

/**
 * Two workers are in the midst of many jobs when the master dies, some of them in hand; jobs asked for meanwhile and afterwards
 * run too. Each has its effect once: a row that it writes in a transaction of its own run.
 */
export async function losesNothingInFailover(server: QueueServer, fail: () => Promise<void>): Promise<void> {
  const isDead = gate();
  let begun = 0;
  const world: World = await openWorld(server, async (name, context) => {
    if (name.startsWith('effect')) return;
    begun += 1;
    if (begun > BEFORE_THE_FAILURE) await isDead.opened;
    // A run whose lock was lost is over, and another one takes its place.
    context.signal.throwIfAborted();
    await world.store.transaction(
      (tx) => tx.outbox.enqueue({ kind: 'plain', args: { name: `effect of ${name}` }, cause: 'test' }),
      { fence: context.fence },
    );
  });
  try {
    const runtime = await world.runtime();
    await world.runtime();
    const names = Array.from({ length: JOBS }, (_, index) => `job ${index}`);
    const ask = (asked: readonly string[]): Promise<unknown> =>
      Promise.all(asked.map((name) => world.enqueue('plain', { name })));
    await ask(names.slice(0, 40));
    await pollUntil('jobs are in hand', () => begun > BEFORE_THE_FAILURE + 1);
    await fail();
    await ask(names.slice(40, 50));
    isDead.open();
    await runtime.idle({ timeoutMs: PATIENCE_MS });
    await ask(names.slice(50));
    await runtime.idle({ timeoutMs: PATIENCE_MS });

    const rows = await world.store.outbox.list({ limit: 1_000 });
    expect(rows.filter((row) => row.state !== 'succeeded')).toEqual([]);
    const effects = rows
      .map((row) => String((row.args as { name: unknown }).name))
      .filter((name) => name.startsWith('effect'));
    expect(effects.toSorted()).toEqual(names.map((name) => `effect of ${name}`).toSorted());
  } finally {
    isDead.open();
    await world.close();
  }
}

/** A runtime that was closed has left none of its connections behind. */
export async function leavesNoConnection(servers: readonly RedisServer[]): Promise<void> {
  await pollUntil('no client is connected any more', async () => {
    const living = servers.filter((server) => !server.process.exited());
    const lists = await Promise.all(living.map((server) => server.command('CLIENT', 'LIST', 'TYPE', 'normal')));
    const clients = lists.map((list) =>
      list.split('\n').filter((line) => line !== '' && !line.includes(' name=sentinel-')),
    );
    // The one that asks is a client too.
    return clients.every((lines) => lines.length === 1);
  });
}
