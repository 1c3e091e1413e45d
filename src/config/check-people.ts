import { fields, mayBeToldOf } from '#kit';
import { nodeAt, placeAt, textAt } from './located.ts';
import type { MergedFiles } from './merge.ts';
import { listWords, type PathPart, type ProblemList, quote } from './problems.ts';
import { type Checked, type CheckedSections, idsOf } from './sections.ts';

/** Whether scopes name what is there, and owners and sponsors whom they seem to mean. */
export function checkPeople(sections: CheckedSections, merged: MergedFiles, problems: ProblemList): void {
  const projects = idsOf(merged.entries.projects);
  const portfolios = portfolioIds(sections, merged);
  for (const person of sections.stakeholders)
    for (const [key, what, known] of [
      ['projects', 'project', projects],
      ['portfolios', 'portfolio', portfolios],
    ] as const)
      for (const [index, id] of (person.value.scopes?.[key] ?? []).entries()) {
        if (known.includes(id)) continue;
        const path = ['scopes', key, index];
        const list = known.length === 0 ? 'none is defined' : `known: ${listWords(known)}`;
        problems.add(
          placeAt(person.node, path),
          [...person.path, ...path],
          'config/unknown-reference',
          `there is no ${what}${shown(person, path, id)}; ${list}`,
          { suggestion: problems.nearMiss(id, known) },
        );
      }
  checkNames(merged, problems);
}

/** Those that are defined, and those that projects name while none is. */
export function portfolioIds({ projects }: CheckedSections, merged: MergedFiles): string[] {
  const defined = idsOf(merged.entries.portfolios);
  return defined.length > 0 ? defined : [...new Set(projects.flatMap(({ value }) => value.portfolio ?? []))].sort();
}

/** A portfolio that only projects name is added up in their currency: there must be one. */
export function checkOneCurrency(
  subscription: Checked<unknown>,
  id: string,
  { projects }: CheckedSections,
  merged: MergedFiles,
  problems: ProblemList,
): void {
  if (idsOf(merged.entries.portfolios).includes(id)) return;
  const members = projects.filter(({ value }) => value.portfolio === id);
  const currencies = [...new Set(members.map(({ value }) => value.currency))].sort();
  if (currencies.length < 2) return;
  problems.add(
    placeAt(subscription.node, ['portfolio']),
    [...subscription.path, 'portfolio'],
    'config/invalid-value',
    `its projects have several currencies (${currencies.join(', ')}): define it under portfolios, with the one to add them up in`,
  );
}

/** What came from outside is named by its place alone. */
function shown({ node }: Checked<unknown>, path: readonly PathPart[], text: string): string {
  const written = nodeAt(node, path);
  return written?.type === 'scalar' && written.interpolated ? '' : ` ${quote(text)}`;
}

/** A name is a text that stands for itself, or an id; what looks like a mistyped id is only doubtful. */
function checkNames({ entries }: MergedFiles, problems: ProblemList): void {
  const known = idsOf(entries.stakeholders);
  for (const { key: project, value: node } of entries.projects.values()) {
    const metrics = nodeAt(node, ['metrics']);
    const owners: PathPart[][] =
      metrics?.type === 'map' ? [...metrics.entries.keys()].map((metric) => ['metrics', metric, 'owner']) : [];
    for (const path of [['sponsor'], ...owners]) {
      const name = textAt(node, path);
      if (name === undefined || known.includes(name) || !fields.ID_PATTERN.test(name)) continue;
      const suggestion = problems.nearMiss(name, known);
      if (suggestion === null) continue;
      const at = { id: project, value: name, node, path: ['projects', project] };
      problems.add(
        placeAt(node, path),
        [...at.path, ...path],
        'config/unknown-reference',
        `there is no stakeholder${shown(at, path, name)}: it is taken as a name`,
        { severity: 'warning', suggestion },
      );
    }
  }
}

/** Whether a recipient's scopes hold the project, or the portfolio, of the subscription. Which portfolio a project of the API belongs to is seen when it is sent. */
export function checkToldOf(
  subscription: Checked<{ project?: string | undefined; portfolio?: string | undefined }>,
  target: { stakeholder: string; path: PathPart[] },
  sections: CheckedSections,
  problems: ProblemList,
): void {
  const { project, portfolio: whole } = subscription.value;
  const scopes = sections.stakeholders.find(({ id }) => id === target.stakeholder)?.value.scopes;
  if (scopes === undefined) return;
  if (project !== undefined) {
    const defined = sections.projectDrafts.find(({ id }) => id === project);
    const isStub = sections.projectStubs.includes(project);
    if ((defined === undefined && !isStub) || (isStub && scopes.portfolios.length > 0)) return;
    const portfolio = defined?.value.portfolio ?? null;
    if (mayBeToldOf(scopes, { kind: 'project', id: project, portfolio })) return;
  } else if (whole === undefined || mayBeToldOf(scopes, { kind: 'portfolio', id: whole })) return;
  const may = [
    ...scopes.projects.map((id) => `the project ${quote(id)}`),
    ...scopes.portfolios.map((id) => `the portfolio ${quote(id)}`),
  ];
  problems.add(
    placeAt(subscription.node, target.path),
    [...subscription.path, ...target.path],
    'config/invalid-value',
    `the stakeholder ${quote(target.stakeholder)} may not be told of ${project === undefined ? `the portfolio ${quote(whole ?? '')}` : `the project ${quote(project)}`}; its scopes are ${listWords(may)}`,
  );
}
