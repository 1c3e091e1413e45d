import { z } from 'zod';
import { fields } from '#kit';

export const cronSchema = z
  .string()
  .refine((text) => /^\S+(?:\s+\S+){4,5}$/.test(text.trim()) || /^@[a-z]+$/i.test(text.trim()), {
    error: 'expected a cron expression of 5 fields (minute hour day month weekday), or 6 with seconds before them',
  })
  .meta({
    description: 'When: a cron expression, minute hour day month weekday (seconds may stand before).',
    examples: ['0 8 * * 1', '*/15 * * * *'],
  });

/** What belongs to the times of any schedule beside the cron expression. */
export const scheduleTimes = {
  cron: cronSchema,
  timeZone: fields.timeZone
    .meta({ description: 'Time zone of the expression. Default: that of the settings.', examples: ['Europe/Berlin'] })
    .optional(),
  catchUp: z
    .enum(['latest', 'all', 'none'])
    .prefault('latest')
    .meta({ description: 'After a standstill: run the latest missed time, all of them, or none.' }),
  maxRandomDelay: fields.durationMs.prefault('0s').meta({
    description:
      'Puts each job off by a random time shorter than this, so that not all begin at once. Must be shorter than the time between two runs.',
    examples: ['5m'],
  }),
};

/** The times of a connector, stream or subscription: the cron expression alone, or a mapping with more. */
export const scheduleShorthand = z
  .union([cronSchema, z.strictObject(scheduleTimes).meta({ description: 'When, with more than the expression.' })])
  .transform(
    (written): ScheduleTimes =>
      typeof written === 'string' ? { cron: written, catchUp: 'latest', maxRandomDelay: 0 } : written,
  )
  .meta({ description: 'When.', examples: ['0 8 * * 1', { cron: '*/15 * * * *', maxRandomDelay: '5m' }] });

export type ScheduleTimes = z.output<z.ZodObject<typeof scheduleTimes>>;
