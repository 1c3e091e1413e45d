import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '#kit';

/** What every object store must do. `open` gives a store that may hold other tests' objects already. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStore>): void {
  describe(`object store: ${name}`, () => {
    it('gives back byte for byte what was put, with its size and hash', async () => {
      const store = await open();
      const body = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7 + (index >> 8)) % 256));
      const key = `pages/${randomUUID()}.bin`;
      const stored = await store.put(key, body, 'application/octet-stream');
      expect(stored).toMatchObject({
        key,
        bytes: body.length,
        sha256: createHash('sha256').update(body).digest('hex'),
      });
      expect(stored.location).toContain(key);
      expect((await store.get(key)).equals(body)).toBe(true);
    });

    it('keeps an empty object', async () => {
      const store = await open();
      const key = `empty/${randomUUID()}`;
      await store.put(key, Buffer.alloc(0), 'text/plain');
      expect(await store.get(key)).toHaveLength(0);
    });

    it('takes keys with spaces and letters of other scripts', async () => {
      const store = await open();
      const key = `reports/Übersicht ${randomUUID()} + 100%/данные.csv`;
      await store.put(key, Buffer.from('x'), 'text/csv');
      expect((await store.get(key)).toString()).toBe('x');
    });

    it('does not mind the same key twice, nor many at once', async () => {
      const store = await open();
      const key = `twice/${randomUUID()}`;
      const body = Buffer.from('same');
      const stored = await Promise.all(Array.from({ length: 10 }, () => store.put(key, body, 'text/plain')));
      expect(new Set(stored.map(({ sha256 }) => sha256)).size).toBe(1);
      expect((await store.get(key)).toString()).toBe('same');
    });

    it('says so when an object is not there', async () => {
      const store = await open();
      await expect(store.get(`absent/${randomUUID()}`)).rejects.toMatchObject({ code: 'object/not-found' });
    });

    it('forgets what is deleted, and does not mind what is not there', async () => {
      const store = await open();
      const key = `deleted/${randomUUID()}`;
      await store.put(key, Buffer.from('x'), 'text/plain');
      await store.put(`${key}.other`, Buffer.from('y'), 'text/plain');
      await store.delete(key);
      await expect(store.get(key)).rejects.toMatchObject({ code: 'object/not-found' });
      expect((await store.get(`${key}.other`)).toString()).toBe('y');
      await expect(store.delete(key)).resolves.toBeUndefined();
      await expect(store.delete(`absent/${randomUUID()}`)).resolves.toBeUndefined();
      await store.put(key, Buffer.from('again'), 'text/plain');
      expect((await store.get(key)).toString()).toBe('again');
    });

    it.each(['../outside', 'a/../../outside', '/etc/passwd', 'a//b', '', 'a\\..\\b', 'nul\u0000', '.'])(
      'refuses the key %j',
      async (key) => {
        const store = await open();
        await expect(store.put(key, Buffer.from('x'), 'text/plain')).rejects.toThrow('Not a valid object key');
        await expect(store.get(key)).rejects.toThrow('Not a valid object key');
        await expect(store.delete(key)).rejects.toThrow('Not a valid object key');
      },
    );

    it('passes its own check', async () => {
      const store = await open();
      await expect(store.check()).resolves.toBeUndefined();
    });
  });
}
