import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type Clock,
  type Config,
  PermanentError,
  type PushOptions,
  type PushReceiver,
  type Registry,
  RetryableError,
} from '#kit';

export interface PushSender {
  connector: string;
  options: PushOptions;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const MINUTE_MS = 60_000;
/** How long a token that was changed in the store may still be taken for valid. */
const REFRESH_MS = 10_000;

/** Who may send to which connector, and how often. */
export class PushAccess {
  readonly #config: Config;
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #push: Pick<PushReceiver, 'refresh'>;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  /** Of each connector: how many requests it may make now, and when that was so. */
  readonly #allowances = new Map<string, { left: number; atMs: number }>();

  constructor({
    config,
    registry,
    clock,
    push,
  }: {
    config: Config;
    registry: Registry;
    clock: Clock;
    push: Pick<PushReceiver, 'refresh'>;
  }) {
    this.#push = push;
    this.#config = config;
    this.#registry = registry;
    this.#clock = clock;
  }

  /** Asked each time: a token may be of a secret that was changed meanwhile. */
  #senders(): PushSender[] {
    return this.#config.connectors.flatMap(({ id, kind, options, unreadable }) =>
      unreadable === undefined && this.#registry.connectorKind(kind)?.capabilities.pull === false
        ? [{ connector: id, options: options as PushOptions }]
        : [],
    );
  }

  /**
   * The connector that the token opens: `Authorization: Bearer`, or the password of HTTP Basic (any user name, or the connector's id).
   * `wanted`: the one that the address names. Null: no such token, or of another connector. Throws RetryableError when the
   * connector's token itself cannot be had.
   */
  async sender(authorization: string | undefined, wanted: string | null): Promise<PushSender | null> {
    const nowMs = this.#clock.nowMs();
    if (Math.abs(nowMs - this.#refreshedAtMs) > REFRESH_MS) {
      await this.#push.refresh();
      this.#refreshedAtMs = nowMs;
    }
    if (
      wanted !== null &&
      this.#config.connectors.some(({ id, unreadable }) => id === wanted && unreadable !== undefined)
    )
      throw new RetryableError(
        'storage/unavailable',
        `The token of ${wanted} cannot be had now; nothing is taken for it.`,
        {
          hint: 'Its operator finds the reason by `outturn check`.',
        },
      );
    const token = tokenOf(authorization);
    if (token === null) return null;
    const given = digest(token);
    let found: PushSender | null = null;
    for (const sender of this.#senders())
      for (const own of [sender.options.token, sender.options.previousToken])
        if (
          own !== undefined &&
          timingSafeEqual(digest(own), given) &&
          (wanted ?? sender.connector) === sender.connector
        )
          found ??= sender;
    return found;
  }

  /** Milliseconds until the next request is taken; 0: this one is. Counted by this process. */
  waitMs({ connector, options: { requestsPerMinute } }: PushSender): number {
    const nowMs = this.#clock.nowMs();
    const before = this.#allowances.get(connector) ?? { left: requestsPerMinute, atMs: nowMs };
    const grown = Math.max(0, nowMs - before.atMs) * (requestsPerMinute / MINUTE_MS);
    const left = Math.min(requestsPerMinute, before.left + grown);
    const isTaken = left >= 1;
    this.#allowances.set(connector, { left: isTaken ? left - 1 : left, atMs: nowMs });
    return isTaken ? 0 : Math.ceil((1 - left) * (MINUTE_MS / requestsPerMinute));
  }
}

function tokenOf(authorization: string | undefined): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) return null;
  const text = Buffer.from(basic, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : text.slice(colon + 1);
}

export const unauthorised = (authorization: string | undefined): PermanentError =>
  new PermanentError(
    'api/unauthorised',
    authorization === undefined ? 'The token is missing.' : 'The token opens no connector here, or another one.',
    { hint: 'Send `Authorization: Bearer …` with the token of the connector of kind push.' },
  );
