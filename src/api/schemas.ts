import { z } from 'zod';
import { businessDate } from './known-at.ts';

const id = z.string().min(1).max(200);

export const recalculationBody = z.strictObject({
  project: id.meta({ description: 'Id of the project' }),
  asOf: businessDate.optional().meta({ description: 'Business date; today in the project’s time zone when absent' }),
});

export const pullBody = z.strictObject({
  connector: id,
  stream: id.optional().meta({ description: 'May be left out where the connector has one stream' }),
  from: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'Start of the window; the watermark less the lookback when absent' }),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'End of the window, excluded; now when absent' }),
});

export const jobParams = z.object({ id: z.uuid() });

export const reportParams = z.object({ project: id, snapshot: id });
export const reportQuery = z.object({
  format: z.enum(['html', 'csv']).default('html'),
  // Missing, twice or overlong: a wrong key like any other.
  key: z.string().max(200).catch(''),
});
