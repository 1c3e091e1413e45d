import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from '../domain/index.ts';
import type { Config, ConnectorConfig, StreamConfig } from './config.ts';
import type { AnyConnectorKind, SourceLimits } from './connector.ts';
import { createRedactor } from './redact.ts';
import type { Unreadable } from './secrets.ts';
import type { ConnectorDefinition, StreamIdentityRow } from './store/index.ts';
import { streamIdentity } from './stream-identity.ts';

/** A connector of the configuration, as it is to be in force. */
export interface ConnectorDraft {
  id: string;
  definition: ConnectorDefinition;
  /** By place, `auth.password`: what the definition masks. */
  secrets: Record<string, string>;
  identities: Pick<StreamIdentityRow, 'stream' | 'identity'>[];
  /** The kind's schemas, by which a difference is worded; null: there is no such kind. */
  schemas: Pick<AnyConnectorKind, 'options' | 'stream'> | null;
  /** What the kind knows of the vendor's limits and nobody wrote. */
  limitsOfKind: SourceLimits;
  /** Settings that nobody wrote, where the kind knows what the vendor documents: by place, what they are otherwise. */
  usual: Readonly<Record<string, unknown>>;
  /** A secret of it cannot be had: what it would be is unknown, so it stays as it was applied. */
  unreadable: Unreadable | null;
}

/** Every connector of the configuration, secrets taken out of their definitions. */
export function connectorDrafts(
  { connectors, schedules, secrets }: Pick<Config, 'connectors' | 'schedules' | 'secrets'>,
  kindOf: (kind: string) => AnyConnectorKind | undefined,
): ConnectorDraft[] {
  const redactor = createRedactor(secrets);
  return connectors.map((connector) => {
    const kind = kindOf(connector.kind);
    const found: Record<string, string> = {};
    const masked = (value: unknown): Record<string, unknown> =>
      mask(value, [], { text: redactor.text, found }) as Record<string, unknown>;
    const scheduleOf = (stream: string): string | undefined =>
      schedules.find(
        ({ job: { kind: job, args } }) =>
          job === 'pull' && args['connector'] === connector.id && (args['stream'] ?? stream) === stream,
      )?.cron;
    const streams = connector.streams.map((stream) => [
      stream.id,
      masked({ [stream.id]: { ...timingOf(stream), schedule: scheduleOf(stream.id), ...asFields(stream.options) } })[
        stream.id
      ],
    ]);
    return {
      id: connector.id,
      definition: {
        kind: connector.kind,
        settings: masked(settingsOf(connector)),
        streams: Object.fromEntries(streams) as ConnectorDefinition['streams'],
        limitsKnown: placesOf(kind?.defaults?.(connector.options) ?? {}).map(([place]) => place),
      },
      secrets: found,
      identities:
        connector.unreadable === undefined
          ? connector.streams.map((stream) => ({
              stream: stream.id,
              identity: streamIdentity(connector, stream, kind),
            }))
          : [],
      schemas: kind ?? null,
      limitsOfKind: connector.limitsOfKind ?? {},
      usual: usualOf(connector),
      unreadable: connector.unreadable ?? null,
    };
  });
}

/** Places in a definition of the limits that a kind may know, and what stands there where it knows none. */
const USUAL_LIMITS = {
  timeoutMs: ['timeoutMs', 30_000],
  concurrency: ['budget.concurrency', 2],
  requestsPerMinute: ['budget.requestsPerMinute', undefined],
  requestsPerDay: ['budget.requestsPerDay', undefined],
} as const satisfies Record<keyof SourceLimits, readonly [string, unknown]>;

const placesOf = (limits: SourceLimits): (readonly [string, unknown])[] =>
  Object.entries(USUAL_LIMITS).flatMap(([name, place]) => (Object.hasOwn(limits, name) ? [place] : []));

const usualOf = ({ limitsOfKind = {} }: ConnectorConfig): Record<string, unknown> =>
  Object.fromEntries(placesOf(limitsOfKind));

function timingOf({ sinceMs, lookbackMs, finalAfterMs }: StreamConfig): Record<string, unknown> {
  const since =
    sinceMs.kind === 'ago' ? { sinceAgoMs: sinceMs.durationMs } : { since: new Date(sinceMs.atMs).toISOString() };
  return { ...since, lookbackMs, finalAfterMs };
}

function settingsOf({ http, options }: ConnectorConfig): Record<string, unknown> {
  if (http.url === null) return { ...asFields(options) };
  const { budget, ...rest } = http;
  return { ...rest, budget: { ...budget }, ...asFields(options) };
}

const asFields = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const MASK = '[secret]';
/** Of a login, what may be seen. */
const PLAIN = new Set(
  'kind username name tokenUrl clientId scopes use issuer subject audience algorithm keyId region service'.split(' '),
);
const SECRET_NAME = /pass(word|phrase)|secret|token$|private.?key|api.?key|authorization|cookie|credential/i;

/** A copy in which a mask stands for each text that holds a secret; `found` gets what it stands for. */
function mask(
  value: unknown,
  path: readonly string[],
  into: { text(input: string): string; found: Record<string, string> },
): unknown {
  if (typeof value === 'string') {
    const inAuth = path[0] === 'auth' && !PLAIN.has(path[1] ?? '');
    const isNamed = path.some((part) => SECRET_NAME.test(part)) && !PLAIN.has(path.at(-1) ?? '');
    const text = inAuth || isNamed ? MASK : into.text(value);
    if (text !== value && value !== '') into.found[path.join('.')] = value;
    return value === '' ? value : text.replaceAll('[redacted]', MASK);
  }
  if (Array.isArray(value)) return value.map((item, index) => mask(item, [...path, String(index)], into));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined && field !== null);
  return Object.fromEntries(entries.map(([key, field]) => [key, mask(field, [...path, key], into)]));
}

/** Costs a few hundredths of a second each time: enough that a leaked database does not give weak passwords away. */
const WORK = { N: 8192, r: 8, p: 1 };
const derive = (secrets: Record<string, string>, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(canonicalJson(secrets), salt, 32, WORK, (error, key) => (error === null ? resolve(key) : reject(error))),
  );

/** Tells other secrets from the same ones; null where there is none. */
export async function fingerprint(secrets: Record<string, string>): Promise<string | null> {
  if (Object.keys(secrets).length === 0) return null;
  const salt = randomBytes(16);
  return `${salt.toString('base64url')}.${(await derive(secrets, salt)).toString('base64url')}`;
}

export async function hasFingerprint(secrets: Record<string, string>, known: string | null): Promise<boolean> {
  if (known === null) return Object.keys(secrets).length === 0;
  const [salt = '', hash = ''] = known.split('.').map((part) => Buffer.from(part, 'base64url'));
  const now = await derive(secrets, Buffer.from(salt));
  return now.length === hash.length && timingSafeEqual(now, Buffer.from(hash));
}
