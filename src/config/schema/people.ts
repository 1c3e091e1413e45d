import { z } from 'zod';
import { digestFigures } from '#domain';
import { fields, stakeholderRoles } from '#kit';
import { scheduleShorthand, scheduleTimes } from './schedule.ts';

const email = z
  .string()
  .regex(/^[^\s<>@,;"]+@[^\s<>@,;"]+$/, { error: 'expected one e-mail address such as name@example.com' })
  .meta({ description: 'E-mail address.', examples: ['sponsor@example.com'] });
const slackId = z
  .string()
  .regex(/^[CDGUW][A-Z0-9]{2,20}$/, { error: 'expected a Slack id such as U0001 (a user) or C0001 (a channel)' })
  .meta({ description: 'Slack id: of a user (U…), or of a channel (C…).', examples: ['U0001', 'C0001'] });

const ids = (description: string, example: string) =>
  z
    .array(fields.text)
    .superRefine((list, ctx) => {
      const seen = new Set<string>();
      for (const [index, id] of list.entries()) {
        if (seen.has(id)) ctx.addIssue({ code: 'custom', path: [index], message: 'stands here twice' });
        seen.add(id);
      }
    })
    .prefault([])
    .meta({ description, examples: [[example]] });

const roleSchema = z
  .union(
    [
      z.enum(stakeholderRoles),
      z
        .strictObject({ other: fields.text.meta({ description: 'The role in words.', examples: ['Works council'] }) })
        .meta({ description: 'A role that has no word of its own here.' }),
    ],
    { error: `expected one of ${stakeholderRoles.join(', ')}, or { other: … }` },
  )
  .meta({
    description: 'What the person has to do with the projects.',
    examples: ['sponsor', { other: 'Works council' }],
  });

const scopesSchema = z
  .strictObject({
    projects: ids('Ids of projects.', 'checkout-rewrite'),
    portfolios: ids('Ids of portfolios: all their projects.', 'shop'),
  })
  .refine(({ projects, portfolios }) => projects.length + portfolios.length > 0, {
    error:
      'names nothing, so nothing could be told: write a project or a portfolio, or leave scopes out for all of them',
  })
  .meta({ description: 'What the person may be told of. Absent: everything.' });

export const stakeholderSchema = z
  .strictObject({
    name: fields.text.meta({ description: 'Name or role.', examples: ['Head of Commerce'] }),
    role: roleSchema.optional(),
    email: email.optional(),
    slackId: slackId.optional(),
    timeZone: fields.timeZone
      .meta({ description: 'Time zone. Default: that of the settings.', examples: ['Europe/Berlin'] })
      .optional(),
    locale: fields.locale.prefault('en-GB'),
    currency: fields.currency
      .meta({
        description: 'Headline figures in another currency are shown in this one as well. Default: only as they are.',
        examples: ['USD'],
      })
      .optional(),
    scopes: scopesSchema.optional(),
  })
  .meta({ description: 'Someone who receives digests, or answers for something.' });

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

const FIGURE_WORDS: Record<(typeof digestFigures)[number], { description: string; examples: unknown[] }> = {
  roiPoints: { description: 'ROI, in percentage points.', examples: [2] },
  realisedRoiPoints: { description: 'Realised ROI, in percentage points.', examples: [2] },
  npv: { description: 'NPV, in the currency of the project or portfolio.', examples: [10000] },
  benefit: { description: 'Benefit to date, in the currency of the project or portfolio.', examples: [5000] },
  cost: { description: 'Cost to date, in the currency of the project or portfolio.', examples: [5000] },
  paybackDays: { description: 'The date of payback, in days.', examples: [30] },
  coveragePoints: { description: 'Share of the expected samples that arrived, in percentage points.', examples: [5] },
};

const thresholdsSchema = z
  .strictObject(
    Object.fromEntries(
      digestFigures.map((figure) => [figure, fields.positiveDecimal.meta(FIGURE_WORDS[figure]).optional()]),
    ) as Record<(typeof digestFigures)[number], z.ZodOptional<typeof fields.positiveDecimal>>,
  )
  .refine((thresholds) => Object.values(thresholds).some((least) => least !== undefined), {
    error: 'names no figure: write at least one',
  })
  .meta({
    description: 'By how much a figure must have moved since the digest sent last; one of them is enough.',
    examples: [{ roiPoints: 2, npv: 10000 }],
  });

export const subscriptionSchema = z
  .strictObject({
    project: fields.text
      .meta({ description: 'Id of the project that it is about.', examples: ['checkout-rewrite'] })
      .optional(),
    portfolio: fields.text
      .meta({
        description: 'Id of the portfolio that it is about, in place of `project`: its projects together.',
        examples: ['shop'],
      })
      .optional(),
    to: z
      .array(targetSchema)
      .min(1, { error: 'names nobody: write at least one recipient' })
      .meta({ description: 'Who receives it.' }),
    schedule: scheduleShorthand
      .meta({ description: 'When the digest is sent. Absent: only by hand.', examples: ['0 8 * * 1'] })
      .optional(),
    timeZone: fields.timeZone
      .meta({
        description: "Time zone of the schedule. Default: the project's; of a portfolio, that of the settings.",
        examples: ['Europe/Berlin'],
      })
      .optional(),
    locale: fields.locale
      .meta({ description: "How figures are written. Default: the first stakeholder's.", examples: ['de-DE'] })
      .optional(),
    when: z.enum(['always', 'changed', 'threshold']).prefault('always').meta({
      description:
        '`changed`: only when a figure moved since the digest before; `threshold`: only when one moved by as much as `thresholds` say.',
    }),
    thresholds: thresholdsSchema.optional(),
    heartbeat: z
      .int()
      .min(1)
      .max(1000)
      .meta({
        description:
          'After so many times in a row without a digest the next one is sent, and says that nothing changed.',
        examples: [4],
      })
      .optional(),
  })
  .superRefine((subscription, ctx) => {
    const { when, thresholds, heartbeat } = subscription;
    const add = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
    if (subscription.project === undefined && subscription.portfolio === undefined)
      add('project', 'is missing: write the project or the portfolio that the digest is about');
    if (subscription.project !== undefined && subscription.portfolio !== undefined)
      add('portfolio', 'a digest is about a project or about a portfolio: write one of the two');
    if (when === 'threshold' && thresholds === undefined)
      add('when', 'needs thresholds: by how much which figure must move');
    if (when !== 'threshold' && thresholds !== undefined)
      add('thresholds', `apply only with when: threshold, but when is ${when}`);
    if (when === 'always' && heartbeat !== undefined)
      add('heartbeat', 'has no meaning with when: always, because every digest is sent');
  })
  .meta({ description: 'A digest about a project or a portfolio, to some people, at some time.' });

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
