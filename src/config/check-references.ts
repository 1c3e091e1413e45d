import type { AnyConnectorKind } from '#kit';
import { isEmpty, nodeAt, placeAt, textAt, writtenKeys } from './located.ts';
import type { MergedFiles } from './merge.ts';
import { listWords, nearMiss, type PathPart, type ProblemList, quote } from './problems.ts';
import type { Checked, CheckedSections } from './sections.ts';
import { idsOf } from './sections.ts';

interface Context {
  merged: MergedFiles;
  sections: CheckedSections;
  kinds: readonly AnyConnectorKind[];
  jobKinds: readonly string[];
  problems: ProblemList;
}

/** Whether everything that is named by an id exists and is of the right sort. Ids with errors of their own count as existing. */
export function checkReferences(context: Context): void {
  for (const project of context.sections.projects) checkProject(project, context);
  for (const subscription of context.sections.subscriptions) checkSubscription(subscription, context);
  for (const schedule of context.sections.schedules) checkSchedule(schedule, context);
  checkAccounts(context);
  checkPublicUrl(context);
}

function checkAccounts(context: Context): void {
  const used = new Set<string>();
  for (const [id, { value: node }] of context.merged.entries.connectors) {
    const account = textAt(node, ['account']);
    if (account === undefined) continue;
    used.add(account);
    exists('account', account, { id, value: account, node, path: ['connectors', id] }, ['account'], context);
  }
  for (const { id, node, path } of context.sections.accounts)
    if (!used.has(id))
      context.problems.add(
        node.place,
        path,
        'config/unknown-reference',
        `no connector names the account ${quote(id)}: its limits apply to nothing`,
        { severity: 'warning' },
      );
}

/** Who sets an address for links expects links. */
function checkPublicUrl({ merged, sections, problems }: Context): void {
  const { settings } = sections;
  if (settings?.value.publicUrl === undefined || settings.value.api.token !== undefined) return;
  problems.add(
    placeAt(merged.settings, ['publicUrl']),
    ['settings', 'publicUrl'],
    'config/invalid-value',
    'digests hold no links as long as settings.api.token is not set: their keys are made from it',
    { severity: 'warning' },
  );
}

type Named = 'account' | 'connector' | 'project' | 'stakeholder' | 'subscription';
const sectionOf = {
  account: 'accounts',
  connector: 'connectors',
  project: 'projects',
  stakeholder: 'stakeholders',
  subscription: 'subscriptions',
} as const;

/** True when the id exists; else the problem is noted at the path. */
function exists(
  what: Named,
  id: string,
  at: Checked<unknown>,
  path: PathPart[],
  { merged, problems }: Context,
): boolean {
  const known = idsOf(merged.entries[sectionOf[what]]);
  if (known.includes(id)) return true;
  unknown(`there is no ${what}`, id, known, at, path, problems);
  return false;
}

/** `sentence` ends where the id follows. */
function unknown(
  sentence: string,
  id: string,
  known: readonly string[],
  at: Checked<unknown>,
  path: PathPart[],
  problems: ProblemList,
): void {
  const node = nodeAt(at.node, path);
  const shown = node?.type === 'scalar' && node.interpolated ? '' : ` ${quote(id)}`;
  const list = known.length === 0 ? 'none is defined' : `known: ${listWords(known)}`;
  problems.add(
    placeAt(at.node, path),
    [...at.path, ...path],
    'config/unknown-reference',
    `${sentence}${shown}; ${list}`,
    { suggestion: shown === '' ? null : nearMiss(id, known) },
  );
}

type Emits = 'measurements' | 'costs';

/** Checks `connector` and `stream` below a path, and that the stream gives what is wanted from it. */
function checkStreamRef(
  ref: { connector: string; stream: string },
  wanted: Emits,
  at: Checked<unknown>,
  path: PathPart[],
  context: Context,
): void {
  if (!exists('connector', ref.connector, at, [...path, 'connector'], context)) return;
  const connector = context.merged.entries.connectors.get(ref.connector)?.value;
  const streams = connector === undefined ? undefined : nodeAt(connector, ['streams']);
  if (connector === undefined || streams?.type !== 'map') return;
  const here = [...path, 'stream'];
  const stream = streams.entries.get(ref.stream);
  if (stream === undefined) {
    unknown(
      `the connector ${quote(ref.connector)} has no stream`,
      ref.stream,
      [...streams.entries.keys()],
      at,
      here,
      context.problems,
    );
    return;
  }
  const kind = context.kinds.find((candidate) => candidate.kind === textAt(connector, ['kind']));
  if (kind === undefined) return;
  const other: Emits = wanted === 'costs' ? 'measurements' : 'costs';
  const keys = writtenKeys(stream.value);
  // A kind that can do both says in the stream which of them, under these two names.
  const wrong = !kind.capabilities[wanted] || (keys.includes(other) && !keys.includes(wanted));
  if (wrong)
    context.problems.add(
      placeAt(at.node, here),
      [...at.path, ...here],
      'config/unknown-reference',
      `the stream ${quote(ref.stream)} gives ${other}, but ${wanted} are needed here`,
    );
}

function checkProject(project: Checked<CheckedSections['projects'][number]['value']>, context: Context): void {
  for (const [index, source] of project.value.costs.sources.entries())
    checkStreamRef(source, 'costs', project, ['costs', 'sources', index], context);
  for (const [id, metric] of Object.entries(project.value.metrics)) {
    const at = ['metrics', id];
    checkStreamRef(metric.source, 'measurements', project, [...at, 'source'], context);
    if (metric.denominator !== undefined)
      checkStreamRef(metric.denominator, 'measurements', project, [...at, 'denominator'], context);
    if (typeof metric.exposure === 'object')
      checkStreamRef(metric.exposure, 'measurements', project, [...at, 'exposure'], context);
    checkUnit(project, id, metric, context);
  }
}

/** A ratio's unit is that of the quotient; of the others it must be the unit that is stored. */
function checkUnit(
  project: Checked<CheckedSections['projects'][number]['value']>,
  id: string,
  metric: CheckedSections['projects'][number]['value']['metrics'][string],
  { merged, problems }: Context,
): void {
  const connector = merged.entries.connectors.get(metric.source.connector)?.value;
  if (connector === undefined || metric.kind === 'ratio') return;
  const stream: PathPart[] = ['streams', metric.source.stream];
  const unit = textAt(connector, [...stream, 'unit']) ?? textAt(connector, [...stream, 'measurements', 'unit']);
  if (unit === undefined || unit === metric.unit) return;
  const path = ['metrics', id, 'unit'];
  problems.add(
    placeAt(project.node, path),
    [...project.path, ...path],
    'source/unit-mismatch',
    `the unit here is ${quote(metric.unit)}, but the stream ${quote(metric.source.stream)} stores ${quote(unit)}`,
    { severity: 'warning' },
  );
}

function checkSubscription(
  subscription: Checked<CheckedSections['subscriptions'][number]['value']>,
  context: Context,
): void {
  const { merged, problems, sections } = context;
  exists('project', subscription.value.project, subscription, ['project'], context);
  for (const [index, target] of subscription.value.to.entries()) {
    const path: PathPart[] = ['to', index];
    const settings = sections.settings;
    const service = target.channel === 'email' ? 'smtp' : 'slack';
    if (settings !== undefined && settings.value[service] === undefined)
      problems.add(
        placeAt(subscription.node, [...path, 'channel']),
        [...subscription.path, ...path, 'channel'],
        'config/unknown-reference',
        `nothing can be sent by ${target.channel}: settings.${service} is missing`,
      );
    if (target.stakeholder === undefined) continue;
    if (!exists('stakeholder', target.stakeholder, subscription, [...path, 'stakeholder'], context)) continue;
    const person = merged.entries.stakeholders.get(target.stakeholder)?.value;
    const key = target.channel === 'email' ? 'email' : 'slackId';
    const address = person === undefined ? undefined : nodeAt(person, [key]);
    if (person?.type === 'map' && (address === undefined || isEmpty(address)))
      problems.add(
        placeAt(subscription.node, [...path, 'stakeholder']),
        [...subscription.path, ...path, 'stakeholder'],
        'config/unknown-reference',
        `the stakeholder ${quote(target.stakeholder)} has no ${key}, so no digest can reach it by ${target.channel}`,
      );
  }
}

function checkSchedule(schedule: Checked<CheckedSections['schedules'][number]['value']>, context: Context): void {
  const { kind, args } = schedule.value.job;
  const { problems, jobKinds } = context;
  if (!jobKinds.includes(kind))
    problems.add(
      placeAt(schedule.node, ['job', 'kind']),
      [...schedule.path, 'job', 'kind'],
      'config/unknown-kind',
      `unknown job kind ${quote(kind)}; known: ${listWords(jobKinds)}`,
      { suggestion: nearMiss(kind, jobKinds) },
    );
  for (const what of ['connector', 'project', 'subscription'] as const) {
    const id = args[what];
    const path = ['job', 'args', what];
    if (typeof id !== 'string' || !exists(what, id, schedule, path, context) || what !== 'connector') continue;
    const stream = args['stream'];
    const streams = nodeAt(context.merged.entries.connectors.get(id)?.value ?? schedule.node, ['streams']);
    if (typeof stream !== 'string' || streams?.type !== 'map' || streams.entries.has(stream)) continue;
    const known = [...streams.entries.keys()];
    unknown(`the connector ${quote(id)} has no stream`, stream, known, schedule, ['job', 'args', 'stream'], problems);
  }
}
