import { describe, expect, it } from 'vitest';
import { createRedactor } from './redact.ts';

describe('a known secret', () => {
  const secret = `p w~'&"ü`;
  it.each([
    ['plain', secret],
    ['in an address', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ x: secret }).toString().slice(2)],
    ['in Base64', Buffer.from(secret).toString('base64')],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
  ])('is masked %s', (_where, written) => {
    expect(createRedactor([secret]).text(`key=${written};`)).toBe('key=[redacted];');
  });
});
