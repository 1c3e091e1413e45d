import type { AnyConnectorKind } from '#kit';
import { checkOneCurrency, checkPeople, checkToldOf, portfolioIds } from './check-people.ts';
import { isEmpty, nodeAt, placeAt, textAt, writtenKeys } from './located.ts';
import type { MergedFiles } from './merge.ts';
import { listWords, type PathPart, type ProblemList, quote } from './problems.ts';
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
  for (const subscription of context.sections.subscriptions) checkSubscription(subscription, context);
  checkPeople(context.sections, context.merged, context.problems);
  for (const schedule of context.sections.schedules) checkSchedule(schedule, context);
  checkAccounts(context);
  checkPublicUrl(context);
}

function checkAccounts(context: Context): void {
  const used = new Set<string>();
  for (const [id, { value: node }] of context.merged.entries.connectors) {
    const account = textAt(node, ['account']);
    const written = nodeAt(node, ['account']);
    if (account === undefined || (written?.type === 'scalar' && written.pending)) continue;
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
  const entries = merged.entries[sectionOf[what]];
  if (entries.has(id)) return true;
  unknown(`there is no ${what}`, id, idsOf(entries), at, path, problems);
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
    { suggestion: shown === '' ? null : problems.nearMiss(id, known) },
  );
}

function checkSubscription(
  subscription: Checked<CheckedSections['subscriptions'][number]['value']>,
  context: Context,
): void {
  const { merged, problems, sections } = context;
  const { project, portfolio } = subscription.value;
  if (project !== undefined) exists('project', project, subscription, ['project'], context);
  if (portfolio !== undefined) {
    const known = portfolioIds(sections, merged);
    if (known.includes(portfolio)) checkOneCurrency(subscription, portfolio, sections, merged, problems);
    else unknown('there is no portfolio', portfolio, known, subscription, ['portfolio'], problems);
  }
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
    checkToldOf(subscription, { stakeholder: target.stakeholder, path: [...path, 'stakeholder'] }, sections, problems);
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
      { suggestion: problems.nearMiss(kind, jobKinds) },
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
