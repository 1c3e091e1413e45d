import { z } from 'zod';
import {
  fields,
  labelsOption,
  perRequestOption,
  refuseInconvertible,
  sampleOption,
  sourceUnitOption,
  stepOption,
  unitOption,
} from '#kit';

/** The server's limit is 11,001 points a series (both ends inclusive); the error beyond it speaks of "resolution". */
export const MOST_POINTS = 11_000;

export const prometheusOptions = z.strictObject({
  parameters: z
    .record(z.string().min(1), z.string())
    .default({})
    .meta({
      description:
        'Fields sent with every query, for what a compatible server knows besides: `nocache` (VictoriaMetrics), `dedup`, `partial_response` (Thanos), `lookback_delta` (Prometheus 3).',
      examples: [{ nocache: '1' }, { dedup: 'true', partial_response: 'false' }],
    }),
  partial: z
    .enum(['refuse', 'accept'])
    .default('refuse')
    .meta({
      description:
        'What becomes of an answer that says that it is incomplete (a store is down, a limit cut it). `refuse`: the pull fails and is tried again later. `accept`: its samples are stored, with a warning.',
      examples: ['accept'],
    }),
});

export const prometheusStream = z
  .strictObject({
    query: fields.text.meta({
      description: 'PromQL that gives a number at each step. For `sample: interval` its range is as long as the step.',
      examples: ['sum(increase(checkout_failures_total[1h]))', 'avg by (shop) (stock_level)'],
    }),
    step: stepOption('Distance between two points. Points lie on whole multiples of it, counted from 1970-01-01 UTC.'),
    sample: sampleOption(
      '`interval`: a point tells about the step before it (increase, avg_over_time). `instant`: a level at that moment.',
    ),
    unit: unitOption('failures', 's', '%'),
    sourceUnit: sourceUnitOption(
      "Unit of the query's values when it is another one; they are converted to `unit`.",
      'ms',
    ),
    labels: labelsOption(
      'Labels that tell series apart; others are dropped. Absent: all of them. Name what is stable, not `instance` or `pod`.',
      ['shop'],
    ),
    pointsPerRequest: perRequestOption('Points a series in one request; less for queries that run into a time-out.', {
      most: MOST_POINTS,
      example: 1000,
    }),
  })
  .superRefine(refuseInconvertible);

export type PrometheusOptions = z.output<typeof prometheusOptions>;
/** `step` is in milliseconds once it is read. */
export type PrometheusStream = z.output<typeof prometheusStream>;
