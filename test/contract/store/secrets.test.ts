import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSecretBox, generateKey, readKeys } from '#src/auth/index';
import { type StoreFixture, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
let client: Client;
let seal: (plain: string, name: string) => string;
beforeAll(async () => {
  fixture = await storeFixture();
  client = new Client({ connectionString: fixture.database.url });
  await client.connect();
  const [key] = await readKeys({ OUTTURN_KEY: generateKey() });
  if (key !== undefined) seal = createSecretBox([key]).seal;
});
afterAll(async () => {
  await client.end();
  await fixture.close();
});
beforeEach(async () => {
  await client.query('TRUNCATE secret, source_token');
});

describe('stored secrets', () => {
  it('are listed by name with who set them when, and set anew under the same name', async () => {
    const { secrets } = fixture.store;
    const first = { name: 'SAP_PASSWORD', sealed: seal('one', 'SAP_PASSWORD'), setBy: 'cli (anna)' };
    const startMs = fixture.clock.nowMs();
    expect(await secrets.set(first)).toBe('created');
    fixture.clock.advance(60_000);
    const second = { ...first, sealed: seal('two', 'SAP_PASSWORD'), setBy: 'api' };
    expect(await secrets.set(second)).toBe('replaced');
    await secrets.set({ name: 'ANOTHER', sealed: seal('x', 'ANOTHER'), setBy: 'api' });
    expect(await secrets.list()).toMatchObject([
      { name: 'ANOTHER' },
      {
        name: 'SAP_PASSWORD',
        createdAtMs: startMs,
        setAtMs: startMs + 60_000,
        setBy: 'api',
        keyId: expect.stringMatching(/^[0-9a-f]{12}$/),
      },
    ]);
    expect(await secrets.sealed()).toContainEqual({ name: 'SAP_PASSWORD', sealed: second.sealed });
  });

  it('have a fingerprint that every change of a value changes, and a rotation does not', async () => {
    const { secrets } = fixture.store;
    const seen = [await secrets.fingerprint()];
    const note = async (): Promise<void> => void seen.push(await secrets.fingerprint());
    const sealed = seal('one', 'A');
    await secrets.set({ name: 'A', sealed, setBy: 'api' });
    await note();
    await secrets.set({ name: 'A', sealed, setBy: 'api' });
    await note();
    await secrets.set({ name: 'B', sealed: seal('two', 'B'), setBy: 'api' });
    await note();
    await secrets.remove('B');
    await secrets.set({ name: 'B', sealed: seal('two', 'B'), setBy: 'api' });
    await note();
    expect(new Set(seen).size).toBe(seen.length);
    expect(await secrets.rewrap({ name: 'A', from: sealed, to: seal('one', 'A') })).toBe(true);
    expect(await secrets.fingerprint()).toBe(seen.at(-1));
  });

  it('are not put under another key when they were set anew meanwhile', async () => {
    const { secrets } = fixture.store;
    const old = seal('old', 'A');
    await secrets.set({ name: 'A', sealed: old, setBy: 'api' });
    const now = seal('new', 'A');
    await secrets.set({ name: 'A', sealed: now, setBy: 'api' });
    expect(await secrets.rewrap({ name: 'A', from: old, to: seal('old', 'A') })).toBe(false);
    expect(await secrets.sealed()).toEqual([{ name: 'A', sealed: now }]);
    expect(await secrets.remove('A')).toBe(true);
    expect(await secrets.remove('A')).toBe(false);
  });

  it('are never plain: the database refuses what is no sealed form, and a name that YAML could not write', async () => {
    const { secrets } = fixture.store;
    await expect(secrets.set({ name: 'A', sealed: 'hunter2', setBy: 'api' })).rejects.toThrow();
    await expect(secrets.set({ name: 'a b', sealed: seal('x', 'a b'), setBy: 'api' })).rejects.toThrow();
    expect(await secrets.list()).toEqual([]);
  });

  it('tokens of sources go under the new key as well', async () => {
    const { secrets } = fixture.store;
    await client.query(
      `INSERT INTO source_token (key, connector, generation, sealed, updated_at) VALUES ('k', 'shop', 1, 'old form', now())`,
    );
    expect(await secrets.sealedTokens()).toEqual([{ key: 'k', sealed: 'old form' }]);
    expect(await secrets.rewrapToken({ key: 'k', from: 'other', to: 'new' })).toBe(false);
    expect(await secrets.rewrapToken({ key: 'k', from: 'old form', to: 'new' })).toBe(true);
    expect(await secrets.sealedTokens()).toEqual([{ key: 'k', sealed: 'new' }]);
  });
});
