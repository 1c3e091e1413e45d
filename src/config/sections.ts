import { z } from 'zod';
import { type AnyConnectorKind, type FxRateInput, fxRateSchema, type ProjectInput, projectSchema } from '#kit';
import { checkValue } from './check-value.ts';
import type { Located, LocatedEntry } from './located.ts';
import type { MergedFiles } from './merge.ts';
import type { PathPart, ProblemList } from './problems.ts';
import { type ReadConnector, readConnector } from './read-connector.ts';
import { accountSchema, type BudgetInput } from './schema/account.ts';
import {
  type ScheduleInput,
  type StakeholderInput,
  type SubscriptionInput,
  scheduleSchema,
  stakeholderSchema,
  subscriptionSchema,
} from './schema/people.ts';
import { type SettingsInput, settingsSchema } from './schema/settings.ts';

/** A value that fits its schema, and where it was written. */
export interface Checked<T> {
  id: string;
  value: T;
  node: Located;
  path: PathPart[];
}

/** Every part that fits its schema; what does not is left out here and stands in the problems. */
export interface CheckedSections {
  settings: Checked<SettingsInput> | undefined;
  accounts: Checked<BudgetInput>[];
  connectors: Checked<ReadConnector>[];
  projects: Checked<ProjectInput>[];
  stakeholders: Checked<StakeholderInput>[];
  subscriptions: Checked<SubscriptionInput>[];
  schedules: Checked<ScheduleInput>[];
  fx: Checked<FxRateInput>[];
}

/** Checks each part by itself; references between them come later. */
export async function checkSections(
  merged: MergedFiles,
  kinds: readonly AnyConnectorKind[],
  directory: string,
  problems: ProblemList,
): Promise<CheckedSections> {
  const one = <T>(node: Located, path: PathPart[], id: string, schema: z.ZodType<T>): Checked<T>[] => {
    const checked = checkValue({ node, path, schema, problems });
    return checked === undefined ? [] : [{ id, value: checked.value, node, path }];
  };
  const all = <T>(section: keyof MergedFiles['entries'], schema: z.ZodType<T>): Checked<T>[] =>
    [...merged.entries[section].values()].flatMap((entry) => one(entry.value, [section, entry.key], entry.key, schema));

  const settings = one(merged.settings, ['settings'], 'settings', settingsSchema)[0];
  // Without settings nothing is loaded in the end; the connectors are checked all the same.
  const timeZone = settings?.value.timeZone ?? 'UTC';
  const connectors: Checked<ReadConnector>[] = [];
  for (const entry of merged.entries.connectors.values()) {
    const value = await readConnector({ entry, kinds, directory, timeZone, problems });
    if (value !== undefined)
      connectors.push({ id: entry.key, value, node: entry.value, path: ['connectors', entry.key] });
  }
  return {
    settings,
    accounts: all('accounts', accountSchema),
    connectors,
    projects: all('projects', projectSchema),
    stakeholders: all('stakeholders', stakeholderSchema),
    subscriptions: all('subscriptions', subscriptionSchema),
    schedules: all('schedules', scheduleSchema),
    fx: merged.fx.flatMap((node, index) => one(node, ['fx', index], String(index), fxRateSchema)),
  };
}

/** The ids of a section, also of entries that have errors of their own. */
export const idsOf = (entries: ReadonlyMap<string, LocatedEntry>): string[] => [...entries.keys()];
