import { z } from 'zod';
import { fields, labelsOption, perRequestOption, refuseInconvertible, sourceUnitOption, unitOption } from '#kit';

/** The source reads at most so many slots of a series for one query. */
export const MOST_POINTS = 10_080;
const DAY_MS = 86_400_000;

export const dynatraceOptions = z.strictObject({
  environment: z
    .string()
    .regex(/^[a-z0-9-]+$/i, { error: 'expected the id of an environment such as abc12345' })
    .optional()
    .meta({
      description:
        'Id of a SaaS environment. It decides `url`; for Managed write `url: https://HOST/e/ENVIRONMENT` instead.',
      examples: ['abc12345'],
    }),
  platform: z
    .boolean()
    .default(false)
    .meta({
      description:
        'The API is asked by the address of the platform (`apps.dynatrace.com`), for OAuth clients and platform tokens.',
      examples: [true],
    }),
  tokenId: z
    .string()
    .regex(/^dt0[a-z]\d{2}\.[A-Z0-9]+$/, {
      error: 'expected the public part of a token such as dt0c01.ST2EY72KQINMH574WMNVI7YN',
    })
    .optional()
    .meta({
      description:
        'The public part of the token, up to its second dot: `check` then says when it ends. The token needs the scope `apiTokens.read` for it.',
      examples: ['dt0c01.ST2EY72KQINMH574WMNVI7YN'],
    }),
});

export const dynatraceStream = z
  .strictObject({
    metricSelector: fields.text.meta({
      description:
        'One metric with its transformations, or one expression over metrics. Without an aggregation the default of the metric is taken.',
      examples: [
        'builtin:service.errors.server.count:splitBy():sum',
        'builtin:host.cpu.usage:splitBy("dt.entity.host"):avg',
      ],
    }),
    entitySelector: fields.text.optional().meta({
      description: 'Entities whose data counts. Absent: all of them.',
      examples: ['type("SERVICE"),tag("team:shop")'],
    }),
    mzSelector: fields.text.optional().meta({
      description: 'Management zones whose data counts. Absent: all of them.',
      examples: ['mzName("Shop")'],
    }),
    step: fields.positiveDurationMs
      .refine((stepMs) => stepMs % 60_000 === 0 && DAY_MS % stepMs === 0, {
        error: 'expected whole minutes that divide a day, such as 1m, 5m, 1h or 1d',
      })
      .meta({
        description:
          'Length of an interval, which is the resolution that is asked for. Intervals begin on whole multiples of it in UTC.',
        examples: ['1h', '5m', '1d'],
      }),
    unit: unitOption('errors', 's', '%'),
    sourceUnit: sourceUnitOption('Unit of the metric when it is another one; values are converted to `unit`.', 'us'),
    labels: labelsOption(
      'Dimensions that tell series apart; others are dropped. Absent: all of them. `:names` in the selector adds names of entities.',
      ['dt.entity.service.name'],
    ),
    pointsPerRequest: perRequestOption(
      'Intervals of a series in one request; less for selectors that run into a time-out.',
      { most: MOST_POINTS, example: 1440 },
    ),
  })
  .superRefine((stream, ctx) => {
    refuseInconvertible(stream, ctx);
    if (/:(?:fold|last|lastReal)\b/.test(stream.metricSelector.replace(/"(?:[^"~]|~.)*"/g, '""')))
      ctx.addIssue({
        code: 'custom',
        path: ['metricSelector'],
        message: 'has :fold or :last in it, which leaves one value of the whole window; step decides about intervals',
      });
  });

export type DynatraceOptions = z.output<typeof dynatraceOptions>;
/** `step` is in milliseconds once it is read. */
export type DynatraceStream = z.output<typeof dynatraceStream>;
