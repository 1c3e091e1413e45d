import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import {
  type AnyConnectorKind,
  type FxRateInput,
  fxRateSchema,
  type PortfolioInput,
  type ProjectInput,
  portfolioSchema,
  repairProject,
} from '#kit';
import { checkValue } from './check-value.ts';
import { type Located, type LocatedEntry, plain, textAt, unresolvedPaths } from './located.ts';
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
import { managedByApi, projectYamlSchema } from './schema/project.ts';
import { type SettingsInput, settingsSchema } from './schema/settings.ts';

/** A value that fits its schema, and where it was written. */
export interface Checked<T> {
  id: string;
  value: T;
  node: Located;
  path: PathPart[];
}

/** A project to whose values the rules may be applied: one that fits, or one that was made to. */
export interface ProjectDraft extends Checked<ProjectInput> {
  /** Places that did not fit; they have problems of their own. */
  spoilt: PathPart[][];
}

/** Every part that fits its schema; what does not is left out here and stands in the problems. */
export interface CheckedSections {
  settings: Checked<SettingsInput> | undefined;
  accounts: Checked<BudgetInput>[];
  connectors: Checked<ReadConnector>[];
  projects: Checked<ProjectInput>[];
  /** All projects, also those that do not fit: so that all that is wrong with them is said at once. */
  projectDrafts: ProjectDraft[];
  /** Ids of projects that the API defines. */
  projectStubs: string[];
  portfolios: Checked<PortfolioInput>[];
  stakeholders: Checked<StakeholderInput>[];
  subscriptions: Checked<SubscriptionInput>[];
  schedules: Checked<ScheduleInput>[];
  fx: Checked<FxRateInput>[];
}

/** Connectors, or projects: each takes a millisecond, a large one some tens. */
const CHECKED_IN_A_TURN = 20;

/** Checks each part by itself; references between them come later. */
export async function checkSections(
  merged: MergedFiles,
  { kinds, withoutStreams }: { kinds: readonly AnyConnectorKind[]; withoutStreams?: boolean | undefined },
  directory: string,
  problems: ProblemList,
): Promise<CheckedSections> {
  const one = <T>(node: Located, path: PathPart[], id: string, schema: z.ZodType<T>): Checked<T>[] => {
    if (problems.isFull()) return notChecked(problems);
    const checked = checkValue({ node, path, schema, problems });
    return checked === undefined ? [] : [{ id, value: checked.value, node, path }];
  };
  const all = <T>(section: keyof MergedFiles['entries'], schema: z.ZodType<T>): Checked<T>[] =>
    [...merged.entries[section].values()].flatMap((entry) => one(entry.value, [section, entry.key], entry.key, schema));

  const settings = one(merged.settings, ['settings'], 'settings', settingsSchema)[0];
  const projects: Checked<ProjectInput>[] = [];
  const projectDrafts: ProjectDraft[] = [];
  const projectStubs: string[] = [];
  const projectTurns = turns();
  for (const { key: id, value: node } of merged.entries.projects.values()) {
    await projectTurns();
    const path = ['projects', id];
    if (textAt(node, ['managed']) === 'api') {
      checkStub(node, path, problems);
      projectStubs.push(id);
      continue;
    }
    const fits = one(node, path, id, projectYamlSchema)[0];
    if (fits !== undefined) {
      projects.push(fits);
      projectDrafts.push({ ...fits, spoilt: [] });
      continue;
    }
    if (problems.isFull()) continue;
    const repaired = repairProject(withoutManaged(plain(node)));
    const spoilt = [...(repaired?.spoilt ?? []), ...unresolvedPaths(node)];
    if (repaired !== null) projectDrafts.push({ id, value: repaired.project, node, path, spoilt });
  }

  // Without settings nothing is loaded in the end; the connectors are checked all the same.
  const timeZone = settings?.value.timeZone ?? 'UTC';
  const connectors: Checked<ReadConnector>[] = [];
  const takeTurns = turns();
  for (const entry of merged.entries.connectors.values()) {
    await takeTurns();
    if (problems.isFull()) {
      notChecked(problems);
      break;
    }
    const value = await readConnector({ entry, kinds, directory, timeZone, withoutStreams, problems });
    if (value !== undefined)
      connectors.push({ id: entry.key, value, node: entry.value, path: ['connectors', entry.key] });
  }
  return {
    settings,
    accounts: all('accounts', accountSchema),
    connectors,
    projects,
    projectDrafts,
    projectStubs,
    portfolios: all('portfolios', portfolioSchema),
    stakeholders: all('stakeholders', stakeholderSchema),
    subscriptions: all('subscriptions', subscriptionSchema),
    schedules: all('schedules', scheduleSchema),
    fx: merged.fx.flatMap((node, index) => one(node, ['fx', index], String(index), fxRateSchema)),
  };
}

/** None: what else is wrong would not be shown. */
function notChecked(problems: ProblemList): [] {
  problems.leaveOut();
  return [];
}

/** Lets what else the process does have a turn, now and then. */
function turns(): () => Promise<void> {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls % CHECKED_IN_A_TURN === 0) await setImmediate();
  };
}

/** Of a project that the API defines, YAML says nothing else. */
function checkStub(node: Located, path: readonly PathPart[], problems: ProblemList): void {
  if (node.type !== 'map') return;
  for (const { key, keyPlace } of node.entries.values())
    if (key !== managedByApi)
      problems.add(
        keyPlace,
        [...path, key],
        'config/invalid-value',
        'the project is defined by the API: leave this out, or leave out managed: api',
      );
}

function withoutManaged(raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw;
  return Object.fromEntries(Object.entries(raw).filter(([key]) => key !== managedByApi));
}

/** The ids of a section, also of entries that have errors of their own. */
export const idsOf = (entries: ReadonlyMap<string, LocatedEntry>): string[] => [...entries.keys()];
