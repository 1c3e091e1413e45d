import { startOfDayMs } from '#domain';
import type { AnyConnectorKind, ConnectorConfig, HttpSettings, SourceLimits, StreamConfig } from '#kit';
import { fields } from '#kit';
import { checkValue } from './check-value.ts';
import { budgetLimits, defaultBudget, unwrittenLimits, withLimits } from './limits.ts';
import { isEmpty, type Located, type LocatedEntry, nodeAt, placeAt, textAt } from './located.ts';
import { listWords, nearMiss, type PathPart, type ProblemList, quote } from './problems.ts';
import { readAuth, readTls } from './read-auth.ts';
import {
  type ConnectorBase,
  connectorBaseSchema,
  type HttpBase,
  httpBaseSchema,
  optionalUrlBaseSchema,
  ownUrlBaseSchema,
  streamBaseSchema,
  timingDefaults,
} from './schema/connector.ts';
import { baseShape, connectorSchema, pullKeys, speaksHttp, streamSchema, streamShape } from './schema/root.ts';
import type { ScheduleTimes } from './schema/schedule.ts';
import { knownKeys } from './schema/walk.ts';

/** A checked connector with what config alone needs of it. */
export interface ReadConnector {
  connector: ConnectorConfig;
  /** Id of the account whose budget takes the place of its own. */
  account: string | null;
  /** By stream, where one is pulled at set times. */
  schedules: Map<string, { times: ScheduleTimes; path: PathPart[]; node: Located }>;
}

interface Input {
  entry: LocatedEntry;
  kinds: readonly AnyConnectorKind[];
  directory: string;
  /** Where `since: 2026-01-01` begins. */
  timeZone: string;
  /** It need not have streams. */
  withoutStreams: boolean | undefined;
  problems: ProblemList;
}

/** Checks one connector and its streams; undefined when anything of it is wrong. */
export async function readConnector(input: Input): Promise<ReadConnector | undefined> {
  const { entry, problems } = input;
  const at = ['connectors', entry.key];
  const kind = kindOf(input);
  if (kind === undefined) return undefined;
  const node = entry.value;
  const description = connectorSchema(kind);
  const http = speaksHttp(kind);
  const baseKeys = new Set(Object.keys(baseShape(kind)));
  const ownKeys = new Set(knownKeys(kind.options, []));
  const ownUrl = ownKeys.has('url');
  const notPulled = new Set(pullKeys(kind));
  // A field that base and kind both know is checked by both; one that neither knows is reported once, by the kind.
  const common = { node, path: at, description, problems };
  const isBase = (key: string): boolean => baseKeys.has(key);
  const base = http
    ? checkValue<HttpBase>({
        ...common,
        schema: ownUrl ? ownUrlBaseSchema : kind.defaultUrl === undefined ? httpBaseSchema : optionalUrlBaseSchema,
        keys: (key) => isBase(key) && !(ownUrl && key === 'url'),
      })
    : checkValue<ConnectorBase>({ ...common, schema: connectorBaseSchema, keys: isBase });
  const options = checkValue<unknown>({
    ...common,
    schema: kind.options,
    keys: (key) =>
      ownKeys.has(key) || !(baseKeys.has(key) || notPulled.has(key) || key === 'kind' || key === 'streams'),
  });
  const hasPullKeys = refusePullKeys(node, at, [...notPulled], problems);
  const streams = readStreams(input, kind, base?.value);
  const limits = options === undefined || !http ? {} : unwrittenLimits(kind.defaults?.(options.value) ?? {}, node);
  const settings = base === undefined ? undefined : await httpSettings(base.value, kind, limits, input);
  if (base === undefined || options === undefined || streams === undefined || settings === undefined) return undefined;
  if (hasPullKeys) return undefined;
  const url = ownUrl
    ? (options.value as { url: string }).url
    : (settings.url ?? kind.defaultUrl?.(options.value) ?? null);
  if (http && url === null) {
    problems.add(entry.keyPlace, [...at, 'url'], 'config/invalid-value', 'is required: nothing else says where it is');
    return undefined;
  }
  const schedules: ReadConnector['schedules'] = new Map();
  for (const stream of streams) {
    if (stream.schedule !== undefined) {
      const path = [...at, 'streams', stream.config.id, 'schedule'];
      schedules.set(stream.config.id, { times: stream.schedule, path, node });
    } else if (base.value.schedule !== undefined)
      schedules.set(stream.config.id, { times: base.value.schedule, path: [...at, 'schedule'], node });
  }
  return {
    connector: {
      id: entry.key,
      kind: kind.kind,
      http: { ...settings, url },
      options: options.value,
      streams: streams.map((stream) => stream.config),
      ...(Object.keys(limits).length === 0 ? {} : { limitsOfKind: limits }),
    },
    account: http ? ((base.value as HttpBase).account ?? null) : null,
    schedules,
  };
}

function kindOf({ entry, kinds, problems }: Input): AnyConnectorKind | undefined {
  const at = ['connectors', entry.key];
  const names = kinds.map((kind) => kind.kind);
  const word = textAt(entry.value, ['kind']);
  const kind = kinds.find((candidate) => candidate.kind === word);
  if (kind !== undefined) return kind;
  const place = placeAt(entry.value, ['kind']);
  if (entry.value.type !== 'map') {
    problems.add(entry.keyPlace, at, 'config/invalid-value', 'expected a mapping with kind and streams');
    return undefined;
  }
  const node = nodeAt(entry.value, ['kind']);
  if (node === undefined || isEmpty(node))
    problems.add(entry.keyPlace, [...at, 'kind'], 'config/invalid-value', `is required: one of ${listWords(names)}`);
  else if (node.type === 'scalar' && node.pending) return undefined;
  else if (node.type === 'scalar' && node.interpolated)
    problems.add(place, [...at, 'kind'], 'config/unknown-kind', `unknown connector kind; known: ${listWords(names)}`);
  else {
    const found = node.type === 'scalar' ? ` ${quote(node.source)}` : '';
    problems.add(
      place,
      [...at, 'kind'],
      'config/unknown-kind',
      `unknown connector kind${found}; known: ${listWords(names)}`,
      {
        suggestion: word === undefined ? null : nearMiss(word, names),
      },
    );
  }
  return undefined;
}

interface ReadStream {
  config: StreamConfig;
  schedule: ScheduleTimes | undefined;
}

function readStreams(
  { entry, timeZone, withoutStreams, problems }: Input,
  kind: AnyConnectorKind,
  base: ConnectorBase | undefined,
): ReadStream[] | undefined {
  const at = ['connectors', entry.key, 'streams'];
  const section = nodeAt(entry.value, ['streams']);
  const place = placeAt(entry.value, ['streams']);
  if (section === undefined || isEmpty(section) || (section.type === 'map' && section.entries.size === 0)) {
    if (withoutStreams) return [];
    problems.add(
      section === undefined ? entry.keyPlace : place,
      at,
      'config/invalid-value',
      'is required: at least one stream, by id',
    );
    return undefined;
  }
  if (section.type !== 'map') {
    problems.add(place, at, 'config/invalid-value', 'expected a mapping from ids to streams');
    return undefined;
  }
  const read = [...section.entries.values()].map((stream) =>
    readStream(stream, at, kind, base, { timeZone, problems }),
  );
  return read.every((stream) => stream !== undefined) ? read : undefined;
}

function readStream(
  entry: LocatedEntry,
  at: readonly PathPart[],
  kind: AnyConnectorKind,
  base: ConnectorBase | undefined,
  { timeZone, problems }: Pick<Input, 'timeZone' | 'problems'>,
): ReadStream | undefined {
  const path = [...at, entry.key];
  const validId = fields.ID_PATTERN.test(entry.key);
  if (!validId)
    problems.add(
      entry.keyPlace,
      path,
      'config/invalid-value',
      'expected an id: lower-case letters, digits, ".", "-" and "_", at most 63, starting and ending with a letter or digit',
    );
  if (entry.value.type !== 'map') {
    problems.add(entry.keyPlace, path, 'config/invalid-value', 'expected a mapping that describes the stream');
    return undefined;
  }
  const ownKeys = new Set(knownKeys(kind.stream, []));
  const common = { node: entry.value, path, description: streamSchema(kind), problems };
  const shape = streamShape(kind);
  const notPulled = pullKeys(kind);
  const timing = checkValue({ ...common, schema: streamBaseSchema, keys: (key) => Object.hasOwn(shape, key) });
  const options = checkValue<unknown>({
    ...common,
    schema: kind.stream,
    keys: (key) => ownKeys.has(key) || !(Object.hasOwn(shape, key) || notPulled.includes(key)),
  });
  const hasPullKeys = refusePullKeys(entry.value, path, notPulled, problems);
  if (timing === undefined || options === undefined || !validId || hasPullKeys) return undefined;
  return {
    config: {
      id: entry.key,
      options: options.value,
      sinceMs: resolveSince(timing.value.since ?? base?.since ?? timingDefaults.since, timeZone),
      lookbackMs: timing.value.lookback ?? base?.lookback ?? timingDefaults.lookbackMs,
      finalAfterMs: timing.value.finalAfter ?? base?.finalAfter ?? timingDefaults.finalAfterMs,
    },
    schedule: timing.value.schedule,
  };
}

/** A connector that is sent to has nothing that says when and from where on to pull: each such key is a problem of its own. */
function refusePullKeys(
  node: Located,
  path: readonly PathPart[],
  keys: readonly string[],
  problems: ProblemList,
): boolean {
  const found = node.type === 'map' ? keys.filter((key) => node.entries.has(key)) : [];
  for (const key of found)
    problems.add(
      placeAt(node, [key]),
      [...path, key],
      'config/unknown-key',
      `is for sources that are pulled; this one sends by itself, so take ${quote(key)} out`,
    );
  return found.length > 0;
}

const resolveSince = (since: fields.Since, timeZone: string): StreamConfig['sinceMs'] =>
  since.kind === 'date' ? { kind: 'instant', atMs: startOfDayMs(since.date, timeZone) } : since;

async function httpSettings(
  base: HttpBase | ConnectorBase,
  kind: AnyConnectorKind,
  limits: SourceLimits,
  input: Input,
): Promise<HttpSettings | undefined> {
  if (!('auth' in base)) return noHttp;
  if (base.account !== undefined && base.budget !== undefined) {
    input.problems.add(
      placeAt(input.entry.value, ['budget']),
      ['connectors', input.entry.key, 'budget'],
      'config/invalid-value',
      `account and budget exclude each other: the limits of the account ${quote(base.account)} stand under accounts`,
    );
    return undefined;
  }
  const auth = readAuth(base.auth, kind, input);
  const tls = await readTls(base.tls, input);
  if (auth === undefined || tls === undefined) return undefined;
  return {
    url: base.url,
    auth,
    timeoutMs: limits.timeoutMs ?? base.timeout,
    maxResponseBytes: base.maxResponse,
    budget: budgetLimits(
      `connector:${input.entry.key}`,
      withLimits(base.budget ?? defaultBudget, limits),
      input.timeZone,
    ),
    tls,
    proxy: base.proxy ?? null,
    allowPrivateRedirects: base.allowPrivateRedirects,
    headers: base.headers,
  };
}

/** For kinds that speak no HTTP: nothing of it is used. */
const noHttp: HttpSettings = {
  url: null,
  auth: { kind: 'none' },
  timeoutMs: 30_000,
  maxResponseBytes: 32 * 1024 * 1024,
  budget: budgetLimits('connector:none', defaultBudget, 'UTC'),
  tls: { caFile: null, rejectUnauthorized: true, certFile: null, keyFile: null, keyPassphrase: null },
  proxy: null,
  allowPrivateRedirects: false,
  headers: {},
};
