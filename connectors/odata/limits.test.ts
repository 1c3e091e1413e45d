import { describe, expect, it } from 'vitest';
import { limitsOf } from './limits.ts';
import { optionsSchema } from './options.ts';

describe('limits of a service', () => {
  it('Business Central online has those that Microsoft documents for each user', () => {
    const options = optionsSchema.parse({ businessCentral: { tenant: 'contoso.onmicrosoft.com' } });
    expect(limitsOf(options)).toEqual({ timeoutMs: 480_000, concurrency: 5, requestsPerMinute: 1200 });
  });

  it('nothing is known of another one', () => {
    expect(limitsOf(optionsSchema.parse({}))).toEqual({});
  });
});
