import { z } from 'zod';
import { projectSchema } from '#kit';

/** The key that says who defines a project. */
export const managedByApi = 'managed';
const managed = (values: ['config'] | ['api'] | ['config', 'api']) =>
  z.enum(values).meta({
    description: '`config`: defined here, read-only elsewhere; `api`: defined by the API, and only named here.',
    examples: ['config'],
  });

/** A project in YAML. One that is managed by the API is told apart before it is checked. */
export const projectYamlSchema = projectSchema.extend({ managed: managed(['config', 'api']).optional() });
/** What editors are told. */
export const projectEntrySchema = z.union([
  projectSchema.extend({ managed: managed(['config']).optional() }),
  z
    .strictObject({ managed: managed(['api']) })
    .meta({ description: 'A project that the API defines: its id may be used in subscriptions and schedules.' }),
]);
