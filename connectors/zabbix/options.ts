import { z } from 'zod';
import { fields, oneOrMore, refuseInconvertible, sourceUnitOption, unitOption } from '#kit';

export const HOUR_MS = 3_600_000;
/** What an item keeps of itself, and what it may be told apart by. */
const labelNames = ['host', 'hostName', 'key', 'name', 'itemId'] as const;
export type LabelName = (typeof labelNames)[number];

export const zabbixOptions = z.strictObject({
  userParameter: z
    .enum(['username', 'user'])
    .default('username')
    .meta({
      description:
        'For `auth: { kind: session }`: what `user.login` calls the user. `user` for Zabbix 5.2 and older, `username` for all others.',
      examples: ['user'],
    }),
});

export const zabbixStream = z
  .strictObject({
    host: oneOrMore()
      .optional()
      .meta({
        description:
          "Technical names of the hosts (Zabbix's field `Host name`, not the visible name). Absent: all hosts.",
        examples: ['shop-1', ['shop-1', 'shop-2']],
      }),
    key: oneOrMore()
      .optional()
      .meta({
        description: 'Keys of the items, exactly as they stand in Zabbix.',
        examples: ['system.cpu.util', 'web.test.time[Checkout,Pay,resp]'],
      }),
    keyPattern: fields.text.optional().meta({
      description: 'Keys in which `*` stands for anything. All items that fit are read.',
      examples: ['net.if.out[*]'],
    }),
    tags: z
      .record(z.string().min(1), z.string())
      .optional()
      .meta({
        description: 'Tags that the items must have, all of them, with these values. Zabbix 5.4 and later.',
        examples: [{ component: 'checkout' }],
      }),
    itemIds: z
      .array(z.string().regex(/^\d+$/, { error: 'expected digits: the id of an item' }))
      .min(1)
      .optional()
      .meta({ description: 'Ids of the items, in place of host and key.', examples: [['44518']] }),
    aggregate: z.enum(['avg', 'min', 'max', 'sum', 'count', 'last', 'raw']).meta({
      description:
        'What becomes of the values of one step: `avg`, `min`, `max`, `sum`, their number (`count`, for text and logs too) or the `last` one. `raw`: every value at its own time.',
      examples: ['avg', 'count', 'raw'],
    }),
    step: fields.positiveDurationMs
      .refine((stepMs) => stepMs % 1000 === 0, { error: 'expected whole seconds' })
      .optional()
      .meta({
        description:
          'Length of one interval, on whole multiples since 1970-01-01 UTC; needed by all but `aggregate: raw`. Whole hours can be read out of trends too.',
        examples: ['1h', '5m', '1d'],
      }),
    source: z
      .enum(['auto', 'history', 'trends'])
      .default('auto')
      .meta({
        description:
          'Which of the two that Zabbix keeps is read. `auto`: history as far back as Zabbix keeps it, trends (hourly) for what is older.',
        examples: ['trends'],
      }),
    historyFor: fields.positiveDurationMs.optional().meta({
      description:
        'How far back history is there. Absent: as the items say, or the global housekeeping where the user may read it.',
      examples: ['7d'],
    }),
    unit: unitOption('s', 'failures', '%'),
    sourceUnit: sourceUnitOption(
      "Unit of the item's values when it is another one; they are converted to `unit`.",
      'ms',
    ),
    labels: z
      .array(z.union([z.enum(labelNames), z.string().regex(/^tag:.+$/, { error: 'expected tag:NAME' })]))
      .default(['host', 'key'])
      .meta({
        description:
          'What tells series apart: `host`, `hostName` (the visible one), `key`, `name`, `itemId`, or a tag as `tag:NAME`.',
        examples: [['host'], ['host', 'tag:component']],
      }),
    rowsPerRequest: z
      .int()
      .min(2)
      .max(1_000_000)
      .default(20_000)
      .meta({ description: 'Values in one request; less for a slow server.', examples: [5000] }),
  })
  .superRefine((stream, ctx) => {
    const refuse = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
    if (stream.key === undefined && stream.keyPattern === undefined && stream.tags === undefined && !stream.itemIds)
      refuse('key', 'is missing: one of key, keyPattern, tags and itemIds says which items are read');
    if (stream.aggregate === 'raw' && stream.step !== undefined)
      refuse('step', 'is not known with aggregate: raw, which keeps every value at its own time');
    if (stream.aggregate !== 'raw' && stream.step === undefined)
      refuse('step', `is missing: aggregate: ${stream.aggregate} needs the length of an interval`);
    if (stream.source === 'trends') {
      if (stream.aggregate === 'raw' || stream.aggregate === 'last')
        refuse('source', `trends hold avg, min, max and count of each hour, no ${stream.aggregate} values`);
      else if ((stream.step ?? HOUR_MS) % HOUR_MS !== 0)
        refuse('step', 'expected whole hours: trends hold one value for each hour');
    }
    if (stream.aggregate === 'count' && stream.sourceUnit !== undefined)
      refuse('sourceUnit', 'is not known with aggregate: count, which counts values whatever their unit');
    else refuseInconvertible(stream, ctx);
  });

export type ZabbixOptions = z.output<typeof zabbixOptions>;
/** `step` and `historyFor` are in milliseconds once they are read. */
export type ZabbixStream = z.output<typeof zabbixStream>;

/** Every value stands for itself where there is no step; times are whole seconds in the API's parameters. */
export const gridMs = (stream: ZabbixStream): number => stream.step ?? 1000;
/** Whether trends can give what the stream wants. */
export const fitsTrends = (stream: ZabbixStream): boolean =>
  stream.aggregate !== 'raw' && stream.aggregate !== 'last' && (stream.step ?? 1) % HOUR_MS === 0;
