import { z } from 'zod';
import { fields } from '#kit';

const most = (limit: number, description: string, example: number) =>
  z
    .int()
    .min(1)
    .max(limit)
    .meta({ description, examples: [example] });

const budgetFields = {
  requestsPerMinute: most(
    1_000_000,
    'At most so many requests begun in any 60 seconds; absent: no limit.',
    120,
  ).optional(),
  concurrency: most(64, 'At most so many requests at a time.', 2).prefault(2),
  requestsPerDay: most(1_000_000_000, 'At most so many requests a day; absent: no limit.', 50_000).optional(),
  resetsAt: z
    .string({ error: 'expected a time of day such as "00:00"' })
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of day such as "00:00"' })
    .prefault('00:00')
    .meta({ description: 'When the day of `requestsPerDay` begins.', examples: ['00:00'] }),
  timeZone: fields.timeZone
    .meta({
      description: "Time zone of `resetsAt`: the source's. Default: `settings.timeZone`.",
      examples: ['UTC'],
    })
    .optional(),
};

export const budgetSchema = z
  .strictObject(budgetFields)
  .meta({ description: 'What the source may be asked, by all processes together, where no `account` is named.' });

export const accountSchema = z.strictObject(budgetFields).meta({
  description: 'An account at a source: what all connectors that name it may ask together, in all processes.',
});
export type BudgetInput = z.output<typeof budgetSchema>;
