import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as fields from './fields.ts';
import { schemasAt, speltDurations } from './spelt-durations.ts';

const schema = z
  .strictObject({
    timeout: fields.positiveDurationMs
      .refine((ms) => ms < 1e9)
      .default(25_000)
      .meta({ description: 'x' }),
    points: z.int(),
    rules: z.array(z.strictObject({ after: fields.durationMs.optional(), most: z.int() })),
    auth: z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('a'), lifetime: fields.durationMs })]),
    byName: z.record(z.string(), z.strictObject({ slice: fields.positiveDurationMs })),
  })
  .superRefine(() => {});

describe('durations in words', () => {
  it('are those of the schema, wherever they stand, and no other number', () => {
    const value = {
      timeout: 90_000,
      points: 90_000,
      rules: [{ after: 1_000, most: 1_000 }],
      auth: { kind: 'a', lifetime: 3_600_000 },
      byName: { x: { slice: 86_400_000 } },
    };
    expect(speltDurations(value, [schema])).toEqual({
      timeout: '1m30s',
      points: 90_000,
      rules: [{ after: '1s', most: 1_000 }],
      auth: { kind: 'a', lifetime: '1h' },
      byName: { x: { slice: '1d' } },
    });
    expect(speltDurations(5_000, schemasAt(schema, ['rules', '1', 'after']))).toBe('5s');
    expect(speltDurations(5_000, schemasAt(schema, ['not', 'there']))).toBe(5_000);
  });
});
