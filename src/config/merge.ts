import { fields } from '#kit';
import { isEmpty, type Located, type LocatedEntry, type LocatedMap } from './located.ts';
import { listWords, type PathPart, type ProblemList, quote } from './problems.ts';
import { type IdSection, idSections, sections } from './schema/root.ts';

/** All files as one: which ids there are, and where. Values are not checked yet. */
export interface MergedFiles {
  settings: LocatedMap;
  entries: Record<IdSection, Map<string, LocatedEntry>>;
  fx: Located[];
}

const nowhere = { file: '', line: 0, column: 0 };

/** Joins the sections of all files; the same id (or setting) in two of them is a problem that names both places. */
export function mergeFiles(roots: readonly LocatedMap[], problems: ProblemList): MergedFiles {
  const merged: MergedFiles = {
    settings: { type: 'map', place: roots[0]?.place ?? nowhere, entries: new Map() },
    entries: {
      accounts: new Map(),
      connectors: new Map(),
      portfolios: new Map(),
      projects: new Map(),
      stakeholders: new Map(),
      subscriptions: new Map(),
      schedules: new Map(),
    },
    fx: [],
  };
  for (const root of roots)
    for (const { key, keyPlace, value } of root.entries.values()) {
      const idSection = idSections.find((known) => known === key);
      if (idSection !== undefined) join(merged.entries[idSection], [key], value, problems, true);
      else if (key === 'settings') {
        if (merged.settings.entries.size === 0) merged.settings.place = keyPlace;
        join(merged.settings.entries, [key], value, problems, false);
      } else if (key === 'fx') joinList(merged.fx, value, problems);
      else
        problems.add(
          keyPlace,
          [key],
          'config/unknown-key',
          `unknown key ${quote(key)}; known here: ${listWords(sections)}`,
          { suggestion: problems.nearMiss(key, sections) },
        );
    }
  return merged;
}

function join(
  target: Map<string, LocatedEntry>,
  path: readonly PathPart[],
  section: Located,
  problems: ProblemList,
  checkIds: boolean,
): void {
  if (isEmpty(section)) return;
  if (section.type !== 'map') {
    const expected = checkIds ? 'a mapping from ids to what they name' : 'a mapping';
    problems.add(section.place, path, 'config/invalid-value', `expected ${expected}`);
    return;
  }
  for (const entry of section.entries.values()) {
    const here = [...path, entry.key];
    const first = target.get(entry.key);
    if (first !== undefined) {
      const { file, line } = first.keyPlace;
      problems.add(
        entry.keyPlace,
        here,
        'config/duplicate-id',
        `${quote(entry.key)} is defined a second time; the first is at ${file}:${line}`,
      );
      continue;
    }
    if (checkIds && !fields.ID_PATTERN.test(entry.key))
      problems.add(
        entry.keyPlace,
        here,
        'config/invalid-value',
        'expected an id: lower-case letters, digits, ".", "-" and "_", at most 63, starting and ending with a letter or digit',
      );
    target.set(entry.key, entry);
  }
}

function joinList(target: Located[], section: Located, problems: ProblemList): void {
  if (section.type === 'list') target.push(...section.items);
  else if (!isEmpty(section)) problems.add(section.place, ['fx'], 'config/invalid-value', 'expected a list');
}
