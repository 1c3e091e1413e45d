import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TokenStore } from '#kit';
import { createMemoryTokens } from '#src/fetch/auth/memory-tokens';
import { pollUntil } from '../../harness/poll.ts';
import { type StoreFixture, storeFixture } from '../store/fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

const stores: [string, () => TokenStore][] = [
  ['PostgreSQL', () => fixture.store.tokens],
  ['memory', () => createMemoryTokens({ nowMs: () => Date.now() })],
];

describe.each(stores)('tokens in %s', (_name, open) => {
  const begin = () => {
    const store = open();
    const key = randomUUID();
    const claim = (holder: string, generation = 0, leaseMs = 60_000) =>
      store.claim({ key, connector: 'shop', generation, holder, leaseMs });
    const save = (holder: string, sealed: string, generation = 0, expiresInMs: number | null = 3_600_000) =>
      store.save({ key, generation, holder, sealed, expiresInMs });
    return { store, key, claim, save };
  };

  it('know nothing of credentials that were never used', async () => {
    const { store, key, claim } = begin();
    expect(await store.read(key)).toEqual({
      generation: 0,
      sealed: null,
      expiresInMs: null,
      heldForMs: 0,
      refusal: null,
    });
    expect(await claim('a', 3)).toMatchObject({ granted: false, row: { generation: 0 } });
  });

  it('are renewed by one of many that want to, and the others see what it got', async () => {
    const { store, key, claim, save } = begin();
    const claims = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((holder) => claim(holder)));
    expect(claims.filter(({ granted }) => granted)).toHaveLength(1);
    const holder = ['a', 'b', 'c', 'd', 'e'][claims.findIndex(({ granted }) => granted)] ?? '';
    expect((await store.read(key)).heldForMs).toBeGreaterThan(50_000);
    expect(await save(holder, 'first')).toBe(true);
    const row = await store.read(key);
    expect(row).toMatchObject({ generation: 1, sealed: 'first', heldForMs: 0, refusal: null });
    expect(row.expiresInMs).toBeGreaterThan(3_500_000);
    expect(await claim('late', 0)).toMatchObject({ granted: false, row: { generation: 1, sealed: 'first' } });
    expect(await claim('b', 1)).toMatchObject({ granted: true, interrupted: false, row: { sealed: 'first' } });
  });

  it('wait for nobody beyond the lease, and tell the next one that a renewal was broken off', async () => {
    const { claim, save, store, key } = begin();
    await claim('stalled', 0, 30);
    const next = await pollUntil('the lease to end', async () => {
      const answer = await claim('next');
      return answer.granted ? answer : null;
    });
    expect(next).toMatchObject({ granted: true, interrupted: true });
    // The stalled one comes back before the next one has an answer: what it got is kept, and the next one still has leave.
    expect(await save('stalled', 'from the stalled one')).toBe(true);
    expect((await store.read(key)).heldForMs).toBeGreaterThan(0);
    expect(await save('next', 'from the next one')).toBe(true);
    expect(await store.read(key)).toMatchObject({ generation: 2, sealed: 'from the next one', heldForMs: 0 });
    expect(await save('stalled', 'much too late')).toBe(false);
    expect(await store.read(key)).toMatchObject({ generation: 2, sealed: 'from the next one' });
  });

  it('can be tried again at once by anybody when a renewal failed for another reason', async () => {
    const { claim, store, key } = begin();
    await claim('a');
    await store.release(key, 'somebody else');
    expect(await claim('b')).toMatchObject({ granted: false });
    await store.release(key, 'a');
    await store.release(key, 'a');
    expect(await claim('b')).toMatchObject({ granted: true, interrupted: false });
  });

  it('remember that the credentials were refused until that is over or a token was got', async () => {
    const { claim, store, key, save } = begin();
    await claim('a');
    await store.refuse({ key, holder: 'a', reason: 'wrong password\0', holdsMs: 60_000 });
    const { refusal, heldForMs } = await store.read(key);
    expect(refusal?.reason).toContain('wrong password');
    expect(refusal?.endsInMs).toBeGreaterThan(50_000);
    expect(heldForMs).toBe(0);
    await claim('b');
    expect(await save('b', 'token')).toBe(true);
    expect((await store.read(key)).refusal).toBeNull();
    await claim('c', 1);
    await store.refuse({ key, holder: 'c', reason: 'over', holdsMs: 0 });
    expect((await store.read(key)).refusal).toBeNull();
  });

  it('may have no known end', async () => {
    const { claim, store, key, save } = begin();
    await claim('a');
    await save('a', 'token', 0, null);
    expect((await store.read(key)).expiresInMs).toBeNull();
  });
});
