import pc from 'picocolors';
import { expect, it } from 'vitest';
import type { OutboxRow } from '#kit';
import { tellWaits } from './wait-words.ts';

it('a pull that waits says once why and how long, and nothing of a moment', () => {
  const said: string[] = [];
  let now = 0;
  const tell = tellWaits({ err: (line) => said.push(line), color: pc.createColors(false) }, () => now);
  const wait = { connector: 'shop', stream: 'orders', untilMs: 60_000, reason: 'the source answered 503 (busy)' };
  expect(tell([wait], [])).toBe(', waits 1m');
  now = 18_000;
  expect(tell([wait], [])).toBe(', waits 42s');
  expect(tell([], [])).toBe('');
  expect(tell([{ ...wait, untilMs: now + 500 }], [])).toBe('');
  expect(said).toEqual(['shop.orders asks again in 1m: the source answered 503 (busy)']);
});

it('a failed attempt that is followed by another says why', () => {
  const said: string[] = [];
  const tell = tellWaits({ err: (line) => said.push(line), color: pc.createColors(false) }, () => 0);
  const job = {
    id: 'a',
    state: 'published',
    attempts: 1,
    errorCode: 'source/server-error',
    errorMessage: 'the source answered 503',
    args: { connector: 'shop', stream: 'orders' },
  } as unknown as OutboxRow;
  tell([], [job]);
  tell([], [job]);
  expect(said).toEqual(['shop.orders failed and is tried again: the source answered 503']);
});
