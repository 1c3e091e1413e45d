import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  type AnyConnectorKind,
  type Config,
  formatDurationMs,
  knownFxRates,
  type ProjectContext,
  SECRET_NAME,
  type SecretLookup,
  type SecretUse,
  type Unreadable,
  type UnreadableSettings,
} from '#kit';
import { buildConfig, buildFxRate } from './build.ts';
import { type CheckExpression, checkExpressions } from './check-expressions.ts';
import { checkPlainSecrets } from './check-plain-secrets.ts';
import { checkFxRates, checkPortfolio, checkProject } from './check-project.ts';
import { checkReferences } from './check-references.ts';
import { sourcesOf } from './known-sources.ts';
import { type Located, type LocatedMap, nodeAt, placeAt, plain } from './located.ts';
import { mergeFiles } from './merge.ts';
import { secretsByName } from './named-secrets.ts';
import { type ConfigProblem, type PathPart, type Place, ProblemList, quote } from './problems.ts';
import { readYaml, type StoredUse } from './read-file.ts';
import { createReferenceResolver, type MissingReferences } from './references.ts';
import { rootSchema } from './schema/root.ts';
import type { ScheduleTimes } from './schema/schedule.ts';
import { secretsIn } from './schema/walk.ts';
import { type CheckedSections, checkSections, idsOf } from './sections.ts';
import { readSources, type SourceFile } from './sources.ts';

/** Of all files together: checking so much takes some seconds, in which the process has other turns. */
const MAX_TOKENS_OF_ALL = 1_000_000;

export interface LoadInput {
  /** The folder whose YAML files are read; relative paths in `${file:}` start here. */
  directory: string;
  /** What `${env:}` looks into. */
  env: Readonly<Record<string, string | undefined>>;
  /** Gives the values of `${secret:}`. Absent: each counts as there, and nothing is said about its value. */
  lookUpSecret?: SecretLookup | undefined;
  /** What an earlier call read, to be looked at again with secrets; absent: the folder is read. */
  files?: readonly SourceFile[] | undefined;
  kinds: readonly AnyConnectorKind[];
  jobKinds: readonly string[];
  /** What is wrong with a cron expression, or null; absent: only the number of its fields is checked. */
  validateCron?: (expression: string) => string | null;
  /** The shortest time between two runs of a right expression, null when there is none. */
  shortestIntervalMs?: (expression: string) => number | null;
  /** What is wrong with a JSONata expression, or null; absent: they are not looked at. */
  checkExpression?: CheckExpression | undefined;
  /** What becomes of references to what is not there. Default: each is a problem. */
  missing?: MissingReferences | undefined;
  /** A connector need not have streams yet: somebody asks its source what there is. */
  withoutStreams?: boolean | undefined;
}

export interface LoadResult {
  /** Null when a problem is an error. */
  config: Config | null;
  problems: ConfigProblem[];
  /** Every `${secret:}`, in the order of the files. */
  secretUses: SecretUse[];
  files: readonly SourceFile[];
}

/**
 * Reads and checks the whole configuration; no network. All problems of all files come back at once, sorted by place.
 * Never throws for what a file holds. A secret that cannot be had stops what it belongs to: a connector, a channel, the API.
 */
export async function loadConfig(input: LoadInput): Promise<LoadResult> {
  const directory = path.resolve(input.directory);
  const problems = new ProblemList();
  const { env, missing } = input;
  const resolve = createReferenceResolver({ directory, env, lookUp: input.lookUpSecret, missing });
  const secrets = new Set<string>();
  const roots: LocatedMap[] = [];
  const stored: StoredUse[] = [];
  const sources = input.files ?? (await readSources(directory, problems));
  let complete = !problems.hasErrors();
  let tokens = 0;
  for (const source of sources) {
    // What else the process does gets a turn between two files.
    await setImmediate();
    const read = await readYaml(source.name, source.text, problems, resolve);
    if (read.broken) complete = false;
    for (const secret of read.secrets)
      if (!HARMLESS.test(secret)) for (const each of [secret, ...linesOf(secret)]) secrets.add(each);
    if (read.root !== null) roots.push(read.root);
    for (const use of read.stored) stored.push(use);
    tokens += read.tokens;
    if (tokens > MAX_TOKENS_OF_ALL) {
      const most = MAX_TOKENS_OF_ALL.toLocaleString('en');
      const message = `the files up to this one have more than ${most} words, signs and line breaks together; those after it are not read`;
      problems.add({ file: source.name, line: 0, column: 0 }, [], 'config/invalid-value', message);
      complete = false;
      break;
    }
  }
  const schema = rootSchema(input.kinds);
  for (const root of roots) {
    for (const secret of secretsOf(root, schema)) secrets.add(secret);
    checkPlainSecrets(root, schema, problems);
  }

  const merged = mergeFiles(roots, problems);
  const sections = await checkSections(merged, input, directory, problems);
  // What a broken file defines is unknown: a reference may well lead there.
  if (complete) checkReferences({ ...input, merged, sections, problems });
  checkFxRates(sections.fx, problems);
  const fxKnown = complete && sections.fx.length === merged.fx.length;
  // A figure without a rate that a connector was to bring says so itself.
  const kindsInUse = sections.connectors.map(({ value }) =>
    input.kinds.find(({ kind }) => kind === value.connector.kind),
  );
  const fx = fxKnown
    ? knownFxRates(
        sections.fx.map((rate) => buildFxRate(rate.value)),
        kindsInUse,
      )
    : null;
  for (const portfolio of sections.portfolios) checkPortfolio(portfolio, problems);
  const context: ProjectContext = {
    fxRates: fx,
    sources: complete ? sourcesOf(merged, input.kinds) : null,
    portfolios: complete ? idsOf(merged.entries.portfolios) : null,
  };
  for (const draft of sections.projectDrafts) checkProject(draft, context, problems);
  checkTimes(sections, input, problems);
  if (input.checkExpression !== undefined)
    checkExpressions(merged.entries.connectors.values(), input.kinds, input.checkExpression, problems);
  const read = new Set(sections.connectors.map(({ value }) => value.connector.id));
  const unreadable = unreadableParts(stored, read, problems);

  const sorted = problems.sorted(secrets);
  const { settings } = sections;
  const result = {
    problems: sorted,
    secretUses: stored.map(({ use }) => use).filter(({ name }) => SECRET_NAME.test(name)),
    files: sources,
  };
  if (problems.hasErrors() || settings === undefined) return { config: null, ...result };
  const config = buildConfig({ ...sections, settings }, directory, [...secrets]);
  for (const [id, reason] of unreadable.connectors) {
    const connector = config.connectors.find((each) => each.id === id);
    if (connector !== undefined) connector.unreadable = reason;
  }
  if (Object.keys(unreadable.settings).length > 0) config.settings.unreadable = unreadable.settings;
  return { config, ...result };
}

interface UnreadableParts {
  connectors: Map<string, Unreadable>;
  settings: UnreadableSettings;
}

/** Where a source is and who asks it: no figure, schedule or definition of a series rests on these. */
const WHERE_AND_WHO = new Set([
  ...['url', 'host', 'port', 'dsn', 's3', 'proxy', 'tls', 'headers', 'auth'],
  ...['user', 'username', 'password', 'apiKey', 'token', 'previousToken'],
]);

/**
 * What stops with the values that cannot be had; everywhere else nothing can go on, which is a problem. Of a connector the rest
 * must be known whole (`read`): a step or a schedule that is guessed would change figures, or retire what is in force.
 */
function unreadableParts(
  stored: readonly StoredUse[],
  read: ReadonlySet<string>,
  problems: ProblemList,
): UnreadableParts {
  const parts: UnreadableParts = { connectors: new Map(), settings: {} };
  for (const { use, place, path, unreadable } of stored) {
    if (unreadable === null) continue;
    if (use.connector !== null && !(WHERE_AND_WHO.has(String(path[2])) && read.has(use.connector))) {
      const why = `nothing goes on without it, as what is stored of the connector ${quote(use.connector)} rests on it`;
      problems.add(place, path, unreadable.code, `${unreadable.message}; ${why}`);
      continue;
    }
    if (unreadable.isMissing) {
      const { code, message } = unreadable;
      if (use.connector === null) problems.add(place, path, code, message);
      else addMissing(parts.connectors, use.connector, unreadable, `${placeWords(place)} ${use.path}: ${message}`);
      continue;
    }
    const reason = { ...unreadable, message: `${use.path} needs a secret that cannot be had: ${unreadable.message}` };
    const [section, key] = path;
    if (use.connector !== null) parts.connectors.set(use.connector, parts.connectors.get(use.connector) ?? reason);
    else if (section === 'settings' && key === 'smtp') parts.settings.email ??= reason;
    else if (section === 'settings' && key === 'slack') parts.settings.slack ??= reason;
    else if (section === 'settings' && key === 'api') parts.settings.api ??= reason;
    else problems.add(place, path, unreadable.code, unreadable.message);
  }
  return parts;
}

const placeWords = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

/** All that is missing is said at once, the way to mend it by the first. */
function addMissing(into: Map<string, Unreadable>, id: string, { code, hint }: Unreadable, message: string): void {
  const first = into.get(id);
  into.set(id, first === undefined ? { code, message, hint } : { ...first, message: `${first.message}; ${message}` });
}

/** A port or a switch out of the environment: masking it would garble every log. In a secret field it is masked all the same. */
const HARMLESS = /^(?:\d{1,5}|true|false)$/;
function secretsOf(root: LocatedMap, schema: ReturnType<typeof rootSchema>): string[] {
  const found = [...secretsIn(schema, plain(root)), ...secretsByName(root)].map((one) => one.value);
  return found.flatMap((secret) => [secret, ...partsOf(secret)]).filter((secret) => secret !== '');
}

/** The password of a proxy's address, the key behind `Bearer`, the lines of a private key: they may turn up without what stands around them. */
function partsOf(secret: string): string[] {
  const url = URL.canParse(secret) ? new URL(secret) : undefined;
  const password = url === undefined || url.password === '' ? [] : [url.password];
  const key = /^\S+ (\S{8,})$/.exec(secret)?.[1];
  return [...password, ...(key === undefined ? [] : [key]), ...linesOf(secret)];
}

const LEAST_KEY_LINE = 20;

const linesOf = (secret: string): string[] =>
  secret.includes('-----BEGIN ')
    ? secret.split(/\r?\n/).filter((line) => line.length >= LEAST_KEY_LINE && !line.startsWith('-----'))
    : [];

/** Cron expressions, and random delays that would put a job beyond the next one. */
function checkTimes(
  { connectors, subscriptions, schedules }: CheckedSections,
  { validateCron, shortestIntervalMs }: Pick<LoadInput, 'validateCron' | 'shortestIntervalMs'>,
  problems: ProblemList,
): void {
  const check = (times: ScheduleTimes | undefined, node: Located, at: PathPart[], local: PathPart[]): void => {
    if (times === undefined) return;
    const cron = nodeAt(node, nodeAt(node, local)?.type === 'map' ? [...local, 'cron'] : local);
    if (cron?.type === 'scalar' && cron.pending) return;
    const add = (key: string, message: string): void => {
      // The expression alone, or a mapping with more.
      const path = nodeAt(node, local)?.type === 'map' ? [...local, key] : local;
      problems.add(placeAt(node, path), [...at, ...path], 'config/invalid-value', message);
    };
    const wrong = validateCron?.(times.cron) ?? null;
    if (wrong !== null) return add('cron', wrong);
    const intervalMs = times.maxRandomDelay === 0 ? null : (shortestIntervalMs?.(times.cron) ?? null);
    if (intervalMs !== null && times.maxRandomDelay >= intervalMs)
      add(
        'maxRandomDelay',
        `must be shorter than the shortest time between two runs, ${formatDurationMs(intervalMs)}: else a run could begin after the next one`,
      );
  };
  for (const { value, node, path: at } of connectors)
    for (const schedule of value.schedules.values()) check(schedule.times, node, at, schedule.path.slice(at.length));
  for (const { value, node, path: at } of subscriptions) check(value.schedule, node, at, ['schedule']);
  for (const { value, node, path: at } of schedules) check(value, node, at, []);
}
