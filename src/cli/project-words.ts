import type { PlannedProject, ProjectsPlan } from '#src/main/projects';
import type { Io } from './io.ts';
import { plural } from './job-words.ts';

const marks = { create: '+', change: '~', restore: '+', retire: '-', none: ' ' } as const;

/** What applying the configuration would do, project by project; what stays as it is in one line. */
export function planLines(io: Pick<Io, 'color' | 'columns'>, plan: ProjectsPlan): string[] {
  const lines: string[] = [];
  for (const project of plan.projects) if (project.action !== 'none') lines.push(...projectLines(io, project), '');
  if (plan.exchangeRates.length > 0)
    lines.push(`${io.color.yellow('~ exchange rates')} below fx change: ${plan.exchangeRates.join(', ')}`, '');
  const same = plan.projects.filter(({ action }) => action === 'none');
  if (same.length > 0) lines.push(io.color.dim(`  ${plural(same.length, 'project')} unchanged`));
  if (plan.managedByApi.length > 0)
    lines.push(io.color.dim(`  not touched, for the API manages them: ${plan.managedByApi.join(', ')}`));
  for (const refusal of plan.refusals) lines.push(`${io.color.red('✗')} ${refusal}`);
  return lines;
}

/** `1 to create, 2 to change, 1 to retire; figures of 3 projects are computed anew`. */
export function planSummary(plan: ProjectsPlan): string {
  const count = (...actions: PlannedProject['action'][]): number =>
    plan.projects.filter(({ action }) => actions.includes(action)).length;
  const parts = [
    [count('create'), 'to create'],
    [count('restore'), 'to bring back'],
    [count('change'), 'to change'],
    [count('retire'), 'to retire'],
  ] as const;
  const said = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  if (plan.exchangeRates.length > 0) said.push('exchange rates to change');
  if (said.length === 0) return 'Nothing to apply: what is in force is what the configuration says.';
  const computed = count('create', 'restore', 'change');
  return `${said.join(', ')}${computed === 0 ? '' : `; recompute of ${plural(computed, 'project')}`}`;
}

function projectLines({ color, columns }: Pick<Io, 'color' | 'columns'>, project: PlannedProject): string[] {
  const paint = { create: color.green, restore: color.green, change: color.yellow, retire: color.red, none: color.dim };
  const head = (what: string): string =>
    `${paint[project.action](`${marks[project.action]} ${project.id}`)} ${what} ${color.dim(project.name)}`;
  const more = [
    ...project.freezes.map(
      (plan) => `  plan ${plan} is frozen by this: it can never be changed, only followed by another`,
    ),
    ...project.keepsPlans.map((plan) => `  plan ${plan} stays as it was frozen, whatever its metrics say now`),
    ...project.intervals.map((stream) => `  stream ${stream} gives samples at another distance than before`),
  ];
  switch (project.action) {
    case 'create':
      return [head('is new'), ...more];
    case 'restore':
      return [head('comes back; it had been retired'), ...placeLines(project, color, columns), ...more];
    case 'retire':
      return [
        head(color.red('IS RETIRED: it is no longer in the configuration')),
        '  its figures are computed no more and its digests end; history and snapshots stay',
      ];
    default:
      return [
        head(`${plural(project.changes.length, 'change')} against version ${project.version}`),
        ...placeLines(project, color, columns),
        ...more,
      ];
  }
}

/** Place, then old → new; below it where the line would be too long. */
function placeLines({ changes }: PlannedProject, color: Io['color'], columns: number | null): string[] {
  const width = Math.min(48, Math.max(0, ...changes.map(({ place }) => place.length)));
  return changes.flatMap(({ place, before, after }) => {
    const words =
      before === null
        ? `${color.green('+')} ${after}`
        : after === null
          ? `${color.red('-')} ${before}`
          : `${before} → ${color.bold(after)}`;
    const length = 2 + width + 2 + (before?.length ?? 0) + (after?.length ?? 0) + 3;
    return place.length > width || length > (columns ?? 100)
      ? [`  ${place}`, `      ${words}`]
      : [`  ${place.padEnd(width)}  ${words}`];
  });
}
