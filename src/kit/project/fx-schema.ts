import { z } from 'zod';
import * as fields from '../fields.ts';

export const fxRateSchema = z
  .strictObject({
    from: fields.currency,
    to: fields.currency,
    rate: fields.positiveDecimal.meta({ description: 'So many units of `to` for one of `from`.', examples: ['0.92'] }),
    validFrom: fields.localDate.meta({ description: 'First day on which it holds.', examples: ['2026-01-01'] }),
    validTo: fields.localDate
      .meta({ description: 'First day on which it no longer holds; absent: open.', examples: ['2027-01-01'] })
      .optional(),
    source: fields.text
      .prefault('configuration')
      .meta({ description: 'Where the rate comes from.', examples: ['treasury'] }),
  })
  .meta({ description: 'An exchange rate.' });

export type FxRateInput = z.output<typeof fxRateSchema>;
