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

const LANGUAGES = ['influxql', 'flux', 'sql'] as const;
type Language = (typeof LANGUAGES)[number];
type Version = 1 | 2 | 3;
/** The first one is used unless another is written. */
const LANGUAGES_OF: Readonly<Record<Version, readonly [Language, ...Language[]]>> = {
  1: ['influxql'],
  2: ['flux', 'influxql'],
  3: ['sql', 'influxql'],
};

export const influxdbOptions = z
  .strictObject({
    version: z.union([z.literal(1), z.literal(2), z.literal(3)]).meta({
      description:
        '1: InfluxDB 1.x and what has its `/query` (Enterprise, VictoriaMetrics, Cloud Dedicated). 2: InfluxDB 2.x and Cloud (TSM). 3: Core, Enterprise.',
      examples: [2],
    }),
    language: z
      .enum(LANGUAGES)
      .optional()
      .meta({
        description:
          'Language of the queries. Absent: InfluxQL for version 1, Flux for 2, SQL for 3. Versions 2 and 3 know InfluxQL too.',
        examples: ['influxql'],
      }),
    database: fields.text.optional().meta({
      description:
        'The database. Needed but for Flux, whose queries name their bucket; for version 2 see its DBRP mappings.',
      examples: ['telegraf'],
    }),
    retentionPolicy: fields.text.optional().meta({
      description: 'Retention policy that InfluxQL reads where the query names none (versions 1 and 2).',
      examples: ['one_year'],
    }),
    organisation: fields.text.optional().meta({
      description: 'Name or id of the organisation, for Flux.',
      examples: ['acme'],
    }),
  })
  .superRefine((options, ctx) => {
    const known = LANGUAGES_OF[options.version];
    const issue = (path: string, message: string, candidates?: readonly string[]): void =>
      ctx.addIssue({
        code: 'custom',
        path: [path],
        message,
        ...(candidates === undefined ? {} : { params: { candidates } }),
      });
    if (options.language !== undefined && !known.includes(options.language))
      issue('language', `version ${options.version} knows ${known.join(' and ')}`, known);
    const flux = languageOf(options) === 'flux';
    if (flux && options.organisation === undefined) issue('organisation', 'is required for Flux');
    if (!flux && options.database === undefined)
      issue('database', `is required for ${languageOf(options) === 'sql' ? 'SQL' : 'InfluxQL'}`);
  });

export function languageOf(options: { version: Version; language?: Language | undefined }): Language {
  return options.language ?? LANGUAGES_OF[options.version][0];
}

export const influxdbStream = z
  .strictObject({
    query: fields.text
      .refine((query) => isWindowed(query), {
        error:
          'must be limited to the window: `time >= $from AND time < $to`, or in Flux `range(start: v.timeRangeStart, stop: v.timeRangeStop)`',
      })
      .meta({
        description:
          'InfluxQL or SQL with `$from` and `$to` (bound by the server), or Flux with `v.timeRangeStart`, `v.timeRangeStop` and `v.windowPeriod`, as in the Data Explorer.',
        examples: [
          'SELECT sum("failures") FROM "checkout" WHERE time >= $from AND time < $to GROUP BY time(1h), "shop"',
          'from(bucket: "shop") |> range(start: v.timeRangeStart, stop: v.timeRangeStop) |> aggregateWindow(every: v.windowPeriod, fn: sum)',
        ],
      }),
    step: stepOption(
      'Distance between two points: what the query groups time by. Groups lie on whole multiples of it since 1970-01-01 UTC.',
    ),
    sample: sampleOption(
      '`interval`: a point tells about a whole step (what GROUP BY time gives). `instant`: points as they were written.',
    ),
    stamp: z
      .enum(['start', 'end'])
      .optional()
      .meta({
        description:
          'Which end of its interval a point is named by. Absent: `start`, but for Flux `end`, as `aggregateWindow` does unless it has `timeSrc: "_start"`.',
        examples: ['start'],
      }),
    value: fields.text.optional().meta({
      description:
        'Column of the number. Absent: the only one besides time (InfluxQL), `_value` (Flux), `value` (SQL).',
      examples: ['mean'],
    }),
    unit: unitOption('failures', 's', '%'),
    sourceUnit: sourceUnitOption(
      "Unit of the query's values when it is another one; they are converted to `unit`.",
      'ms',
    ),
    labels: labelsOption(
      'Tags that tell series apart; others are dropped. Absent: all that the answer groups by. Name what is stable, not hosts.',
      ['shop'],
    ),
    pointsPerRequest: perRequestOption('Steps in one request; less for queries that run into a limit or a time-out.', {
      most: 1_000_000,
      usual: 5000,
      example: 500,
    }),
  })
  .superRefine(refuseInconvertible);

function isWindowed(query: string): boolean {
  return (
    (/\$from\b/.test(query) && /\$to\b/.test(query)) ||
    (/\bv\.timeRangeStart\b/.test(query) && /\bv\.timeRangeStop\b/.test(query))
  );
}

export type InfluxdbOptions = z.output<typeof influxdbOptions>;
/** `step` is in milliseconds once it is read. */
export type InfluxdbStream = z.output<typeof influxdbStream>;

export function stampOf(options: InfluxdbOptions, stream: InfluxdbStream): 'start' | 'end' {
  return stream.stamp ?? (languageOf(options) === 'flux' ? 'end' : 'start');
}
