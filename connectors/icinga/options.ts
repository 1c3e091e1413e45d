import { z } from 'zod';
import { fields, oneOrMore, refuseInconvertible, sourceUnitOption, unitConversion, unitOption } from '#kit';

const LABEL = /^(?:host|hostName|service|serviceName|perfdata|(?:host\.)?vars\.[^.]+)$/;

export const icingaOptions = z.strictObject({});

export const icingaStream = z
  .strictObject({
    objects: z
      .enum(['services', 'hosts'])
      .default('services')
      .meta({ description: 'What is read: checks of services, or those of hosts themselves.', examples: ['hosts'] }),
    host: oneOrMore()
      .optional()
      .meta({ description: 'Names of the hosts. Absent: all that fit.', examples: ['shop-1', ['shop-1', 'shop-2']] }),
    service: oneOrMore()
      .optional()
      .meta({ description: 'Names of the services, without the host. Absent: all that fit.', examples: ['checkout'] }),
    filter: fields.text.optional().meta({
      description:
        "An expression of Icinga's filter language that the objects must fulfil besides; it sees `host`, `service` and `filterVars`.",
      examples: ['host.vars.team == team', '"web-shop" in service.groups'],
    }),
    filterVars: z
      .record(z.string().regex(/^[A-Za-z_]\w*$/, { error: 'expected the name of a variable' }), z.json())
      .optional()
      .meta({ description: 'Values that `filter` uses by name.', examples: [{ team: 'shop' }] }),
    value: z
      .enum(['perfdata', 'up', 'state', 'problem', 'in-downtime', 'acknowledged', 'execution-time', 'latency'])
      .meta({
        description:
          '`perfdata`: a number of the performance data. `up`: 1 for OK (hosts: UP), 0 for anything else. `state`: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (hosts: 0 UP, 1 DOWN). `problem`: 1 in a hard state that is not OK. `in-downtime`, `acknowledged`: 1 or 0. `execution-time`, `latency` of the check, in seconds.',
        examples: ['perfdata', 'up'],
      }),
    perfdata: oneOrMore()
      .optional()
      .meta({
        description: 'Labels of the performance data that are read; `*` stands for anything.',
        examples: ['time', ['rta', 'pl'], '/*'],
      }),
    unit: unitOption('s', '%', 'ratio'),
    sourceUnit: sourceUnitOption(
      'Unit of the values where Icinga has none or one with two meanings (MB: 1000² or 1024² bytes, MiB); they are converted to `unit`.',
      'MiB',
      'ms',
    ),
    labels: z
      .array(
        z.string().regex(LABEL, {
          error: 'expected host, hostName, service, serviceName, perfdata, vars.NAME or host.vars.NAME',
        }),
      )
      .default(['host', 'service', 'perfdata'])
      .meta({
        description:
          'What tells series apart: `host` and `service` (names), `hostName` and `serviceName` (as shown), `perfdata` (its label), custom variables as `vars.NAME`, those of the host of a service as `host.vars.NAME`.',
        examples: [
          ['host', 'perfdata'],
          ['host.vars.team', 'host', 'service'],
        ],
      }),
    interval: fields.positiveDurationMs.optional().meta({
      description:
        'Distance of two points, for completeness: the longer one of the check interval and the distance of two pulls. Absent: none is expected.',
      examples: ['5m', '15m'],
    }),
    objectsPerRequest: z
      .int()
      .min(1)
      .max(10_000)
      .default(250)
      .meta({ description: 'Objects in one request; less where check results are long.', examples: [100] }),
  })
  .superRefine((stream, ctx) => {
    const refuse = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
    if (stream.value === 'perfdata' && stream.perfdata === undefined)
      refuse('perfdata', 'is missing: name the labels that are read (`outturn discover` lists them)');
    if (stream.value !== 'perfdata' && stream.perfdata !== undefined)
      refuse('perfdata', `is not known with value: ${stream.value}`);
    if (stream.objects === 'hosts' && stream.service !== undefined)
      refuse('service', 'is not known with objects: hosts');
    refuseInconvertible(stream, ctx);
    if ((stream.value === 'execution-time' || stream.value === 'latency') && unitConversion('s', stream.unit) === null)
      refuse('unit', `${stream.value} is a time: s, ms, min or h`);
  });

export type IcingaOptions = z.output<typeof icingaOptions>;
/** `interval` is in milliseconds once it is read. */
export type IcingaStream = z.output<typeof icingaStream>;
