import { z } from 'zod';
import { type AnyConnectorKind, fields, fxRateSchema, portfolioSchema } from '#kit';
import { accountSchema } from './account.ts';
import { authSchemaOf } from './auth.ts';
import { connectorBase, httpBase, streamBase } from './connector.ts';
import { scheduleSchema, stakeholderSchema, subscriptionSchema } from './people.ts';
import { projectEntrySchema } from './project.ts';
import { settingsSchema } from './settings.ts';
import { objectVariants } from './walk.ts';

/** Sections that map ids to things. */
export const idSections = [
  'accounts',
  'connectors',
  'portfolios',
  'projects',
  'stakeholders',
  'subscriptions',
  'schedules',
] as const;
export type IdSection = (typeof idSections)[number];
export const sections = ['settings', ...idSections, 'fx'] as const;

type Shape = Record<string, z.core.$ZodType>;

/** Base fields and a kind's own in one strict object (or one for each variant); a field of the kind wins over the base's. */
function combine(base: Shape, own: z.core.$ZodType, extra: Shape, description: string): z.ZodType {
  const objects = objectVariants(own).map((variant) =>
    z.strictObject({ ...extra, ...base, ...variant.shape }).meta({ description }),
  );
  const [first, ...rest] = objects;
  if (first === undefined) return z.strictObject({ ...extra, ...base }).meta({ description });
  return rest.length === 0 ? first : z.union([first, ...rest]).meta({ description });
}

export const speaksHttp = (kind: AnyConnectorKind): boolean => kind.capabilities.http !== false;
/** False: it is sent to, and has none of what says when and from where on to pull. */
const isPulled = (kind: AnyConnectorKind): boolean => kind.capabilities.pull !== false;
/** What a stream of that kind has beside its own. */
export const streamShape = (kind: AnyConnectorKind): Shape => (isPulled(kind) ? streamBase : {});
/** Fields that would say when and from where on to pull; none for kinds that are pulled. */
export const pullKeys = (kind: AnyConnectorKind): string[] => (isPulled(kind) ? [] : Object.keys(connectorBase));
/** Fields that a connector of that kind has beside its own. */
export const baseShape = (kind: AnyConnectorKind): Shape =>
  !isPulled(kind)
    ? {}
    : speaksHttp(kind)
      ? {
          ...connectorBase,
          ...httpBase,
          auth: authSchemaOf(kind.auth),
          ...(kind.defaultUrl === undefined ? {} : { url: httpBase.url.optional() }),
        }
      : { ...connectorBase };

/** A schema is made once for each kind: a fleet has thousands of streams. */
function oncePerKind(make: (kind: AnyConnectorKind) => z.ZodType): (kind: AnyConnectorKind) => z.ZodType {
  const made = new WeakMap<AnyConnectorKind, z.ZodType>();
  return (kind) => {
    const schema = made.get(kind) ?? make(kind);
    made.set(kind, schema);
    return schema;
  };
}

/** One stream of a kind, as it is written. Describes; checking is done in two halves by read-connector.ts. */
export const streamSchema = oncePerKind((kind) =>
  combine(streamShape(kind), kind.stream, {}, `A stream of a ${kind.kind} connector.`),
);

/** One connector of a kind, as it is written. */
export const connectorSchema = oncePerKind(describeConnector);

function describeConnector(kind: AnyConnectorKind): z.ZodType {
  const discriminator = z.literal(kind.kind).meta({ description: kind.summary });
  const streams = z
    .record(fields.id, streamSchema(kind))
    .meta({ description: 'What is pulled, by id. Each stream has its own watermark and job.' });
  return combine(baseShape(kind), kind.options, { kind: discriminator, streams }, kind.summary);
}

const roots = new WeakMap<readonly AnyConnectorKind[], z.ZodType>();

/** The whole of what an operator may write in one file. */
export function rootSchema(kinds: readonly AnyConnectorKind[]): z.ZodType {
  const schema = roots.get(kinds) ?? describeRoot(kinds);
  roots.set(kinds, schema);
  return schema;
}

function describeRoot(kinds: readonly AnyConnectorKind[]): z.ZodType {
  const [first, ...rest] = kinds.map(connectorSchema);
  const connector = first === undefined ? z.never() : rest.length === 0 ? first : z.union([first, ...rest]);
  const section = <S extends z.ZodType>(schema: S, description: string) =>
    z.record(fields.id, schema).meta({ description }).optional();
  return z
    .strictObject({
      settings: settingsSchema.optional(),
      accounts: section(accountSchema, 'Accounts at sources, whose limits several connectors share; by id.'),
      connectors: section(connector, 'Sources that are pulled, by id.'),
      fx: z.array(fxRateSchema).meta({ description: 'Exchange rates.' }).optional(),
      portfolios: section(portfolioSchema, 'Portfolios of projects, by id.'),
      projects: section(projectEntrySchema, 'Projects whose value is measured, by id.'),
      stakeholders: section(stakeholderSchema, 'People who receive digests, by id.'),
      subscriptions: section(subscriptionSchema, 'Digests: about which project, to whom, when; by id.'),
      schedules: section(scheduleSchema, 'Other work at set times, by id.'),
    })
    .meta({
      title: 'Outturn configuration',
      description: 'Configuration of Outturn. Any file may hold any of the sections.',
    });
}
