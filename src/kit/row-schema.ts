import { z } from 'zod';
import { parseDurationMs } from './duration.ts';
import * as fields from './fields.ts';

/** A length of time: fixed, or counted on the local calendar, where a day can have 23 or 25 hours. */
export type Covers = { kind: 'fixed'; ms: number } | { kind: 'calendar'; days: number; months: number };

const covers = z
  .string()
  .transform((text, ctx): Covers => {
    const calendar = /^(\d{1,4})(d|w|mo)$/.exec(text);
    if (calendar !== null) {
      const count = Number(calendar[1]);
      if (calendar[2] === 'mo') return { kind: 'calendar', days: 0, months: count };
      return { kind: 'calendar', days: calendar[2] === 'w' ? count * 7 : count, months: 0 };
    }
    const ms = parseDurationMs(text);
    if (ms !== null) return { kind: 'fixed', ms };
    ctx.addIssue({ code: 'custom', message: 'expected a duration such as 1h, 1d, 1w, 1mo or 0s' });
    return z.NEVER;
  })
  .meta({
    description:
      'How long an interval one value covers, from its time on. Days, weeks and months are those of the local calendar, so a day can have 23 or 25 hours. `0s`: a value taken at an instant.',
    examples: ['1d', '1h', '1mo', '0s'],
  });

const field = (description: string, ...examples: string[]) =>
  z
    .string()
    .min(1, { error: 'must not be empty' })
    .meta({ description, ...(examples.length > 0 ? { examples } : {}) });

/** `Field`, or `{ value: text }` for one text in every row. */
const fieldOrValue = (description: string, ...examples: string[]) =>
  z
    .union([z.string().min(1), z.strictObject({ value: z.string().min(1) })])
    .meta({ description: `${description} A field's name, or \`{ value: … }\` for the same in every row.`, examples });

/** One of `allowed` in every row, or a field whose values are translated by `map`. */
function literalOrMapped<const T extends readonly [string, ...string[]]>(allowed: T, description: string) {
  return z
    .union(
      [z.enum(allowed), z.strictObject({ field: z.string().min(1), map: z.record(z.string(), z.enum(allowed)) })],
      {
        error: `expected one of ${allowed.join(', ')}, or { field: …, map: { FOUND: ${allowed[0]} } }`,
      },
    )
    .meta({
      description: `${description} One of ${allowed.join(', ')}; or \`{ field, map }\` to translate a field's values.`,
      examples: [allowed[0], { field: 'Category', map: { A: allowed[0] } }],
    });
}

export const measurementMappingSchema = z
  .strictObject({
    at: field('Field with the time of the sample: a date, a date-time, or one with an offset.', 'WorkDate'),
    covers: covers.prefault('0s'),
    value: field('Field with the value.', 'Hours').optional(),
    numerator: field('Field with the numerator of a ratio; needs `denominator`.', 'Defects').optional(),
    denominator: field('Field with the denominator of a ratio; needs `numerator`.', 'Orders').optional(),
    unit: field('The unit of the value, as the metrics of the projects name it.', 'h', 'tickets'),
    labels: z
      .array(z.string().min(1))
      .default([])
      .meta({
        description:
          'Fields that tell the series apart. Together with the time they must make a row unique, or the last row wins.',
        examples: [['Team']],
      }),
    timeZone: fields.timeZone.meta({
      description: 'Time zone of dates and of times that are written without an offset.',
      examples: ['Europe/Berlin'],
    }),
  })
  .superRefine((mapping, ctx) => {
    const ratio = mapping.numerator !== undefined && mapping.denominator !== undefined;
    const partial = (mapping.numerator !== undefined) !== (mapping.denominator !== undefined);
    if (partial || ratio === (mapping.value !== undefined))
      ctx.addIssue({ code: 'custom', message: 'expected either value, or both numerator and denominator' });
  })
  .meta({ description: 'Makes a measurement of each row.' });
export type MeasurementMapping = z.output<typeof measurementMappingSchema>;

export const costMappingSchema = z
  .strictObject({
    sourceKey: z
      .array(z.string().min(1))
      .min(1)
      .meta({
        description: 'Fields that identify a cost line for ever; the same key with other content is a correction.',
        examples: [['DocumentNo', 'Item']],
      }),
    projectRef: fieldOrValue('What a project names in `costs.sources` (WBS element, project code).', 'WbsElement'),
    kind: literalOrMapped(['actual', 'budget', 'commitment', 'accrual', 'forecast'], 'What the amount is.'),
    amount: field('Field with the amount; read as an exact decimal.', 'Amount'),
    currency: fieldOrValue('Currency: three capitals mean that currency, anything else is a field.', 'Currency', 'EUR'),
    postingDate: field('Field with the accounting date.', 'PostingDate'),
    cashDate: field('Field with the date of payment.', 'ClearingDate').optional(),
    pool: field('Field with the cost element or account.', 'CostElement').optional(),
    document: field('Field with the document number.', 'DocumentNo').optional(),
    correctionOf: field('Field with the key of the line that this one corrects.', 'ReversedDocument').optional(),
    text: field('Field with a text.', 'Text').optional(),
    capitalisation: literalOrMapped(['opex', 'capex'], 'Capital or operating expenditure.').default('opex'),
    recurrence: literalOrMapped(['one-off', 'run'], 'Once, or a running cost.').default('one-off'),
    timeZone: fields.timeZone
      .meta({
        description:
          'Time zone in which a posting time with an offset is turned into a date; absent: the date as written.',
        examples: ['Europe/Berlin'],
      })
      .optional(),
  })
  .meta({ description: 'Makes a cost line of each row.' });
export type CostMapping = z.output<typeof costMappingSchema>;

/** The two fields of a stream's options of which exactly one must be there. */
export interface RowMapping {
  measurements?: MeasurementMapping | undefined;
  costs?: CostMapping | undefined;
}
/** To be spread into a stream's strict object; refine the object with `exactlyOneMapping`. */
export const rowMappingShape = {
  measurements: measurementMappingSchema.optional(),
  costs: costMappingSchema.optional(),
};
export function exactlyOneMapping(mapping: RowMapping, ctx: z.RefinementCtx): void {
  if ((mapping.measurements === undefined) !== (mapping.costs === undefined)) return;
  ctx.addIssue({
    code: 'custom',
    message: 'expected exactly one of measurements and costs: what each row is to become',
  });
}

/** Three capitals stand for a currency, not for a field. */
export const CURRENCY_CODE = /^[A-Z]{3}$/;

/** Every field that the mapping reads, each once, in the order in which they are named. */
export function mappedFields(mapping: RowMapping): string[] {
  const found = new Set<string>();
  const add = (name: string | undefined): void => {
    if (name !== undefined) found.add(name);
  };
  const { measurements, costs } = mapping;
  if (measurements !== undefined) {
    for (const name of [measurements.at, measurements.value, measurements.numerator, measurements.denominator])
      add(name);
    measurements.labels.forEach(add);
  }
  if (costs !== undefined) {
    costs.sourceKey.forEach(add);
    if (typeof costs.projectRef === 'string') add(costs.projectRef);
    add(costs.amount);
    if (typeof costs.currency === 'string' && !CURRENCY_CODE.test(costs.currency)) add(costs.currency);
    for (const name of [costs.postingDate, costs.cashDate, costs.pool, costs.document, costs.correctionOf, costs.text])
      add(name);
    for (const option of [costs.kind, costs.capitalisation, costs.recurrence])
      if (typeof option !== 'string') add(option.field);
  }
  return [...found];
}
