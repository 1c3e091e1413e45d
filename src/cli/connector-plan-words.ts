import type { ConnectorsPlan, PlannedConnector } from '#src/main/connector-definitions';
import type { Io } from './io.ts';
import { plural } from './job-words.ts';
import { limitWords } from './limit-words.ts';
import { instantWords } from './times.ts';

type Look = Pick<Io, 'color' | 'columns'>;
type Stream = PlannedConnector['streams'][number];
type Change = PlannedConnector['changes'][number];

const marks = { add: '+', restore: '+', change: '~', remove: '-', none: ' ' } as const;

/** What applying would do to the connectors, each with its streams and what becomes of their watermarks. */
export function connectorPlanLines(io: Look, plan: ConnectorsPlan): string[] {
  const { color } = io;
  const paint = { add: color.green, restore: color.green, change: color.yellow, remove: color.red, none: color.dim };
  const lines: string[] = [];
  for (const connector of plan.connectors) {
    if (connector.action === 'none') continue;
    const what = {
      add: 'is new',
      restore: 'comes back; it had been removed',
      change: `changes against version ${connector.version}`,
      remove: color.red('IS REMOVED: it is no longer in the configuration'),
    }[connector.action];
    lines.push(
      `${paint[connector.action](`${marks[connector.action]} connector ${connector.id}`)} ${what} ${color.dim(connector.kind)}`,
      ...connector.changes.flatMap((change) => changeLines(io, change, '  ')),
      ...(connector.secretsChanged ? ['  its secrets changed'] : []),
    );
    const limits = limitWords(connector.limitsOfKind);
    if (limits !== null) lines.push(color.dim(`  limits of its vendor, as none are written: ${limits}`));
    if (connector.changes.some(({ place }) => place === 'url'))
      lines.push('  the watermarks stay: if that address is another source, give it another id');
    for (const stream of connector.streams)
      if (stream.action !== 'none') {
        lines.push(
          `  ${paint[stream.action](`${marks[stream.action]} stream ${stream.id}`)}: ${watermarkWords(io, stream)}`,
          ...stream.changes.flatMap((change) => changeLines(io, change, '    ')),
        );
        if (stream.projects.length > 0 && stream.watermark !== 'kept')
          lines.push(`    used by ${stream.projects.join(', ')}`);
      }
    lines.push('');
  }
  const unreadable = new Set(plan.unreadable.map(({ connector }) => connector));
  const same = plan.connectors.filter(({ id, action }) => action === 'none' && !unreadable.has(id)).length;
  if (same > 0) lines.push(color.dim(`  ${plural(same, 'connector')} unchanged`));
  for (const { connector, message } of plan.unreadable) {
    const isInForce = plan.connectors.some(({ id, version }) => id === connector && version !== null);
    const what = isInForce ? 'stays as it is in force' : 'is not put in force';
    lines.push(`${color.yellow('!')} connector ${connector} ${what}, for it cannot be read: ${message}`);
  }
  for (const { connector, stream, projects } of plan.orphaned)
    lines.push(
      `${color.yellow('!')} ${connector}.${stream} is in no configuration, but ${projects.join(', ')} use${projects.length === 1 ? 's' : ''} it: no new data will come`,
    );
  return lines;
}

function watermarkWords({ color }: Look, stream: Stream): string {
  const at = stream.watermarkMs === null ? null : instantWords(stream.watermarkMs);
  switch (stream.watermark) {
    case 'begins':
      return 'the first pull begins at since';
    case 'kept':
      return `the watermark stays at ${at}`;
    case 'rests':
      return at === null ? 'it was never pulled' : `no longer pulled; what it gave up to ${at} stays`;
    case 'anew':
      return color.yellow(
        'it asks something else, so it is read anew from since; what it gave until now counts no more (only for --known-at)',
      );
  }
}

function changeLines({ color, columns }: Look, { place, before, after }: Change, indent: string): string[] {
  const words =
    before === null
      ? `${color.green('+')} ${after}`
      : after === null
        ? `${color.red('-')} ${before}`
        : `${before} → ${color.bold(after)}`;
  const length = indent.length + place.length + 2 + (before?.length ?? 0) + (after?.length ?? 0) + 3;
  return length > (columns ?? 100) ? [`${indent}${place}`, `${indent}    ${words}`] : [`${indent}${place}  ${words}`];
}

/** `1 connector to add, 2 to change; 1 stream read anew`; null: nothing. */
export function connectorPlanSummary(plan: ConnectorsPlan): string | null {
  const count = (...actions: PlannedConnector['action'][]): number =>
    plan.connectors.filter(({ action }) => actions.includes(action)).length;
  const parts = [
    [count('add', 'restore'), 'to add'],
    [count('change'), 'to change'],
    [count('remove'), 'to remove'],
  ] as const;
  const said = parts
    .filter(([number]) => number > 0)
    .map(([number, what], index) => `${index === 0 ? plural(number, 'connector') : number} ${what}`);
  if (said.length === 0) return null;
  const anew = plan.connectors.flatMap(({ streams }) => streams).filter(({ watermark }) => watermark === 'anew').length;
  return `${said.join(', ')}${anew === 0 ? '' : `; ${plural(anew, 'stream')} read anew`}`;
}
