import { z } from 'zod';
import * as fields from '../fields.ts';
import { LIMITS } from './shares.ts';

const year = z.int().min(1900).max(2200);

/** A rate per year in steps by year of the project. */
export const discountSchema = z
  .array(
    z
      .strictObject({
        fromYear: z
          .int()
          .min(0)
          .max(200)
          .meta({ description: 'From this year of the project on; the first is 0.', examples: [0] }),
        rate: fields.rate.meta({ description: 'Discount rate per year.', examples: ['8 %'] }),
      })
      .meta({ description: 'A discount rate from a year on.' }),
  )
  .min(1)
  .max(LIMITS.discountSteps)
  .meta({
    description: 'Discount rates by year of the project, in place of one `discountRate`; ascending, the first from 0.',
    examples: [
      [
        { fromYear: 0, rate: '8 %' },
        { fromYear: 5, rate: '6 %' },
      ],
    ],
  });

const inflationSchema = z
  .union(
    [
      fields.rate,
      z
        .array(
          z
            .strictObject({
              fromYear: year.meta({ description: 'From this calendar year on.', examples: [2026] }),
              rate: fields.rate.meta({ description: 'Inflation per year.', examples: ['2 %'] }),
            })
            .meta({ description: 'Inflation from a year on.' }),
        )
        .min(1)
        .max(LIMITS.inflationSteps),
    ],
    { error: 'expected a rate such as 2 %, or a list of fromYear and rate' },
  )
  .meta({ description: 'Inflation per year: one rate, or steps by calendar year.', examples: ['2 %'] });

export const priceBasisSchema = z
  .union(
    [
      z.literal('nominal').meta({ description: 'Money of the day.' }),
      z
        .strictObject({
          real: z
            .strictObject({
              baseYear: year.meta({ description: 'Flows are shown in the prices of this year.', examples: [2026] }),
              inflation: inflationSchema,
            })
            .meta({ description: 'Prices of one year; the discount rate is then a real one.' }),
        })
        .meta({ description: 'Constant prices.' }),
    ],
    { error: 'expected nominal, or { real: { baseYear, inflation } }' },
  )
  .prefault('nominal')
  .meta({
    description: 'Whether figures are in money of the day or in the prices of one year.',
    examples: ['nominal', { real: { baseYear: 2026, inflation: '2 %' } }],
  });

const month = z.int().min(1).max(12);
const namedAfter = z
  .enum(['end', 'start'])
  .prefault('end')
  .meta({ description: 'A year is named after the calendar year in which it ends, or starts.' });
const tablePeriod = z
  .strictObject({
    name: fields.text.meta({ description: 'Name of the period.', examples: ['P01'] }),
    from: fields.localDate.meta({ description: 'First day.', examples: ['2026-01-01'] }),
    to: fields.localDate.meta({ description: 'First day after it.', examples: ['2026-02-01'] }),
  })
  .meta({ description: 'A period of a fiscal year.' });
export const fiscalCalendarSchema = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('months').meta({ description: 'Calendar months.' }),
        firstMonth: month.prefault(1).meta({ description: 'Month in which the year begins, 1 to 12.', examples: [4] }),
        namedAfter,
      })
      .meta({ description: 'Twelve calendar months.' }),
    z
      .strictObject({
        kind: z.literal('weeks').meta({ description: 'Whole weeks.' }),
        lastMonth: month.meta({ description: "Month with the year's end, 1 to 12.", examples: [1] }),
        endsOnWeekday: z
          .int()
          .min(1)
          .max(7)
          .meta({ description: 'Last day of each week, 1 Monday to 7 Sunday.', examples: [6] }),
        rule: z
          .enum(['last-in-month', 'nearest-to-month-end'])
          .meta({ description: 'Which such weekday ends the year.', examples: ['last-in-month'] }),
        pattern: z
          .enum(['4-4-5', '4-5-4', '5-4-4'])
          .prefault('4-4-5')
          .meta({ description: 'Weeks of the three periods of a quarter.' }),
        namedAfter,
      })
      .meta({ description: '52 or 53 whole weeks.' }),
    z
      .strictObject({
        kind: z.literal('table').meta({ description: 'One by one.' }),
        years: z
          .array(
            z
              .strictObject({
                name: fields.text.meta({ description: 'Name of the year.', examples: ['FY26'] }),
                periods: z
                  .array(tablePeriod)
                  .min(1)
                  .max(LIMITS.fiscalPeriods)
                  .meta({ description: 'Its periods, without a gap.' }),
              })
              .meta({ description: 'A fiscal year.' }),
          )
          .min(1)
          .max(LIMITS.fiscalYears)
          .meta({ description: 'The years, ascending, without a gap.' }),
      })
      .meta({ description: 'Years and periods one by one.' }),
  ])
  .prefault({ kind: 'months' })
  .meta({
    description: "The books' year. Default: calendar years.",
    examples: [{ kind: 'months', firstMonth: 4 }],
  });

export const MIN_DRAWS = 100;
export const MAX_DRAWS = 100_000;
export const simulationSchema = z
  .strictObject({
    seed: z
      .int()
      .min(0)
      .max(4_294_967_295)
      .meta({ description: 'The same seed gives the same figures. Default: made from the id.', examples: [42] })
      .optional(),
    draws: z
      .int()
      .min(MIN_DRAWS)
      .max(MAX_DRAWS)
      .prefault(1_000)
      .meta({ description: 'How often the future is drawn.', examples: [1000] }),
  })
  .prefault({})
  .meta({ description: 'How P10, P50 and P90 are found.' });
