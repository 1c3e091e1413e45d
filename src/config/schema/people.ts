import { z } from 'zod';
import { fields } from '#kit';
import { scheduleShorthand, scheduleTimes } from './schedule.ts';

const email = z
  .string()
  .regex(/^[^\s<>@,;"]+@[^\s<>@,;"]+$/, { error: 'expected one e-mail address such as name@example.com' })
  .meta({ description: 'E-mail address.', examples: ['sponsor@example.com'] });
const slackId = z
  .string()
  .regex(/^[CDGUW][A-Z0-9]{2,20}$/, { error: 'expected a Slack id such as U0001 (a user) or C0001 (a channel)' })
  .meta({ description: 'Slack id: of a user (U…), or of a channel (C…).', examples: ['U0001', 'C0001'] });

export const stakeholderSchema = z
  .strictObject({
    name: fields.text.meta({ description: 'Name or role.', examples: ['Head of Commerce'] }),
    email: email.optional(),
    slackId: slackId.optional(),
    timeZone: fields.timeZone
      .meta({ description: 'Time zone. Default: that of the settings.', examples: ['Europe/Berlin'] })
      .optional(),
    locale: fields.locale.prefault('en-GB'),
  })
  .meta({ description: 'Someone who receives digests.' });

export const targetSchema = z
  .strictObject({
    channel: z.enum(['email', 'slack']).meta({ description: 'By which channel.' }),
    stakeholder: fields.text
      .meta({ description: 'Id of a stakeholder: its address and name are taken.', examples: ['sponsor'] })
      .optional(),
    address: fields.text
      .meta({
        description: 'Instead of a stakeholder: an e-mail address, or a Slack channel or user id.',
        examples: ['C0001'],
      })
      .optional(),
    name: fields.text
      .meta({ description: 'What the address is called. Default: the address.', examples: ['#it-value'] })
      .optional(),
  })
  .superRefine((target, ctx) => {
    if ((target.stakeholder === undefined) === (target.address === undefined)) {
      ctx.addIssue({ code: 'custom', message: 'expected either a stakeholder or an address' });
      return;
    }
    if (target.address === undefined) return;
    const checked = (target.channel === 'email' ? email : slackId).safeParse(target.address);
    if (!checked.success)
      ctx.addIssue({
        code: 'custom',
        path: ['address'],
        message: checked.error.issues[0]?.message ?? 'not an address',
      });
  })
  .meta({ description: 'One recipient.' });

export const subscriptionSchema = z
  .strictObject({
    project: fields.text.meta({ description: 'Id of a project.', examples: ['checkout-rewrite'] }),
    to: z
      .array(targetSchema)
      .min(1, { error: 'names nobody: write at least one recipient' })
      .meta({ description: 'Who receives it.' }),
    schedule: scheduleShorthand
      .meta({ description: 'When the digest is sent. Absent: only by hand.', examples: ['0 8 * * 1'] })
      .optional(),
    timeZone: fields.timeZone
      .meta({ description: "Time zone of the schedule. Default: the project's.", examples: ['Europe/Berlin'] })
      .optional(),
    locale: fields.locale
      .meta({ description: "How figures are written. Default: the first stakeholder's.", examples: ['de-DE'] })
      .optional(),
    when: z
      .enum(['always', 'changed'])
      .prefault('always')
      .meta({ description: '`changed`: only when a figure moved since the digest before.' }),
  })
  .meta({ description: 'A digest about one project, to some people, at some time.' });

export const scheduleSchema = z
  .strictObject({
    ...scheduleTimes,
    job: z
      .strictObject({
        kind: fields.text.meta({ description: 'Kind of the job.', examples: ['recompute-roi'] }),
        args: z
          .record(z.string(), z.unknown())
          .prefault({})
          .meta({ description: 'Arguments of the job.', examples: [{ project: 'checkout-rewrite' }] }),
      })
      .meta({ description: 'What is run.' }),
  })
  .meta({ description: 'Work at set times.' });

export type StakeholderInput = z.output<typeof stakeholderSchema>;
export type SubscriptionInput = z.output<typeof subscriptionSchema>;
export type ScheduleInput = z.output<typeof scheduleSchema>;
