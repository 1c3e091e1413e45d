import { afterAll, beforeAll, expect, it } from 'vitest';
import { type StoreFixture, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

it('work in hand is what is open, by kind and state, with the age of what waits; what ended is no part of it', async () => {
  const { store, clock } = fixture;
  const startMs = clock.nowMs();
  const ask = (kind: string, notBeforeMs?: number) =>
    store.outbox.enqueue({ kind, args: {}, cause: 'test', ...(notBeforeMs === undefined ? {} : { notBeforeMs }) });
  expect(await store.inHand.read()).toEqual({ open: [], deadLetters: [] });

  const [running, done, failed] = [await ask('pull'), await ask('pull'), await ask('report')];
  clock.advance(1_000);
  await ask('pull');
  await ask('later', startMs + 3_600_000);
  await store.outbox.started(running.id, { attempt: 1, instance: 'a' });
  const second = await store.outbox.started(done.id, { attempt: 1, instance: 'a' });
  const third = await store.outbox.started(failed.id, { attempt: 1, instance: 'a' });
  if (second === null || third === null) throw new Error('not started');
  await store.outbox.succeeded(second.fence, null);
  await store.outbox.failed(third.fence, { code: 'source/not-found', message: 'gone', final: true });
  const { id: jobId, kind, args } = failed;
  const letter = { jobId, kind, args, errorCode: 'source/not-found', errorMessage: 'gone', stack: null, attempts: 1 };
  await store.deadLetters.record({ ...letter, firstFailedAtMs: startMs, lastFailedAtMs: startMs });

  const { open, deadLetters } = await store.inHand.read();
  expect(open).toHaveLength(3);
  expect(open).toEqual(
    expect.arrayContaining([
      { kind: 'pull', queue: 'compute', state: 'running', count: 1, oldestDueAtMs: null },
      { kind: 'pull', queue: 'compute', state: 'pending', count: 1, oldestDueAtMs: startMs + 1_000 },
      // It is not due yet: nobody keeps it waiting.
      { kind: 'later', queue: 'compute', state: 'pending', count: 1, oldestDueAtMs: null },
    ]),
  );
  expect(deadLetters).toEqual([{ kind: 'report', count: 1 }]);
});
