import { randomUUID, scrypt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  type Clock,
  type Logger,
  PermanentError,
  RetryableError,
  type SecretBox,
  type TokenRow,
  type TokenStore,
} from '#kit';
import type { Authenticator } from './authenticator.ts';
import { coarseDuration } from './coarse-duration.ts';

/** A token is renewed this much before it ends: requests under way must not outlive it. */
const RENEW_BEFORE_MS = 30_000;
/** Beside the time-out of the token request: until then a process that stands still may yet save what it got. */
const LEASE_MARGIN_MS = 15_000;
/** Credentials that were refused are left alone for so long: sources lock accounts after a few failures. */
export const REFUSED_FOR_MS = 900_000;
/** A token that was got because one was refused, and is refused itself, is not the trouble. */
const SETTLING_MS = 60_000;
const ASK_AGAIN_MS = 200;
const SAVE_TRIES_MS = [0, 200, 1_000, 3_000, 10_000];

/** What a login gave, as it is kept. */
export interface Token {
  headers: Record<string, string>;
  /** Texts that must never be shown. */
  secrets: string[];
  /** The newest one that the source gave; null: it gives none. */
  refreshToken: string | null;
  /** How the client showed who it is when that worked last. */
  clientIn: 'header' | 'body' | null;
  /** Null: unknown. */
  lifetimeMs: number | null;
}

/** How one kind of login gets a token. `previous` is the one before, null for the first. */
export interface Login {
  /** Everything that makes these credentials what they are: others have tokens of their own. */
  identity: unknown;
  /** How long one renewal may take. */
  timeoutMs: number;
  /** Throws PermanentError `source/unauthorised` when the credentials themselves are refused. */
  renew(previous: Token | null, facts: { interrupted: boolean }): Promise<Token>;
}

export interface KeeperTools {
  connectorId: string;
  store: TokenStore;
  /** Null: the store is this process's memory. */
  box: SecretBox | null;
  clock: Clock;
  log: Logger;
  addSecret(secret: string): void;
  redact(text: string): string;
  /** Refusals older than this process's question do not count: somebody asks to know (`outturn check`). */
  asksAnew: boolean;
}

interface Held extends Token {
  generation: number;
  /** By this process's clock; null: until it is refused. */
  renewAtMs: number | null;
}

/**
 * A token shared by all requests of this process and, by the store, by all processes. One of them renews it; the others wait
 * for that one, and for no longer than its lease. What a source gave in place of a refresh token is saved before the access
 * token is used: else a crash would lose the only way in.
 */
export function createTokenKeeper(
  login: Login,
  tools: KeeperTools,
): Pick<Authenticator, 'accepted' | 'refused'> & {
  token(signal: AbortSignal): Promise<{ headers: Record<string, string>; generation: number }>;
} {
  const { store, clock, log, connectorId } = tools;
  const holder = randomUUID();
  const openedAtMs = clock.nowMs();
  let key: Promise<string> | null = null;
  let held: Held | null = null;
  let fetching: Promise<Held> | null = null;
  /** Tokens up to this one were refused. */
  let refusedUpTo = -1;
  let provenUpTo = -1;
  let renewedForRefusal: { generation: number; atMs: number } | null = null;
  /** The answer of a source that could not be saved yet. */
  let unsaved: { token: Token; generation: number } | null = null;

  const isGood = (token: Held): boolean =>
    token.generation > refusedUpTo && (token.renewAtMs === null || clock.nowMs() < token.renewAtMs);

  const context = (id: string): string => `token/${id}`;
  const seal = (id: string, token: Token): string => {
    const text = JSON.stringify(token);
    return tools.box === null ? text : tools.box.seal(text, context(id));
  };
  function open(id: string, row: TokenRow): Token | null {
    if (row.sealed === null) return null;
    try {
      const token = JSON.parse(tools.box === null ? row.sealed : tools.box.open(row.sealed, context(id))) as Token;
      for (const secret of token.secrets) tools.addSecret(secret);
      return token;
    } catch {
      log.warn(
        { connector: connectorId },
        'the stored token cannot be decrypted with the keys of OUTTURN_KEY: the connector logs in anew',
      );
      return null;
    }
  }
  function keep(token: Token, generation: number, expiresInMs: number | null): Held {
    const marginMs = token.lifetimeMs === null ? RENEW_BEFORE_MS : Math.min(RENEW_BEFORE_MS, token.lifetimeMs / 10);
    const renewAtMs = expiresInMs === null ? null : clock.nowMs() + expiresInMs - marginMs;
    held = { ...token, generation, renewAtMs };
    return held;
  }

  /** The store's token when it is a good one, else leave to renew it, else who has leave is waited for. */
  async function fetchToken(): Promise<Held> {
    key ??= keyOf(login.identity);
    const id = await key;
    let row = await store.read(id);
    for (;;) {
      const stored = row.generation === 0 || row.generation <= refusedUpTo ? null : open(id, row);
      if (stored !== null) {
        const found = keep(stored, row.generation, row.expiresInMs);
        if (isGood(found)) return found;
      }
      if (unsaved !== null) return await save(id, unsaved.token, unsaved.generation);
      const { refusal } = row;
      if (refusal !== null && !(tools.asksAnew && refusal.agoMs > clock.nowMs() - openedAtMs)) throw leftAlone(refusal);
      const { generation } = row;
      const claimed = await store.claim({
        key: id,
        connector: connectorId,
        generation,
        holder,
        leaseMs: login.timeoutMs + LEASE_MARGIN_MS,
      });
      if (claimed.granted) return await renew(id, claimed.row, claimed.interrupted);
      row = claimed.row;
      if (row.generation !== generation) continue;
      await sleep(Math.min(ASK_AGAIN_MS, Math.max(20, row.heldForMs)));
      row = await store.read(id);
    }
  }

  async function renew(id: string, row: TokenRow, interrupted: boolean): Promise<Held> {
    const previous = open(id, row);
    let token: Token;
    try {
      token = await login.renew(previous, { interrupted });
    } catch (thrown) {
      const refused = thrown instanceof PermanentError && thrown.code === 'source/unauthorised';
      await (refused
        ? store.refuse({ key: id, holder, reason: tools.redact(thrown.message), holdsMs: REFUSED_FOR_MS })
        : store.release(id, holder)
      ).catch((error: unknown) =>
        log.warn({ connector: connectorId, error }, 'the end of a login could not be booked'),
      );
      throw thrown;
    }
    for (const secret of token.secrets) tools.addSecret(secret);
    const fresh = await save(id, token, row.generation);
    if (row.generation > 0 && row.generation <= refusedUpTo)
      renewedForRefusal = { generation: fresh.generation, atMs: clock.nowMs() };
    return fresh;
  }

  async function save(id: string, token: Token, generation: number): Promise<Held> {
    unsaved = { token, generation };
    let failure: unknown;
    for (const delayMs of SAVE_TRIES_MS) {
      if (delayMs > 0) await sleep(delayMs);
      try {
        const request = { key: id, generation, holder, sealed: seal(id, token), expiresInMs: token.lifetimeMs };
        const saved = await store.save(request);
        unsaved = null;
        const row = saved ? null : await store.read(id);
        const newer = row === null ? null : open(id, row);
        if (row !== null && newer !== null) return keep(newer, row.generation, row.expiresInMs);
        return keep(token, generation + 1, token.lifetimeMs);
      } catch (thrown) {
        failure = thrown;
        // A token that can be had again need not wait for the database.
        if (token.refreshToken === null) break;
      }
    }
    if (token.refreshToken === null) {
      unsaved = null;
      log.warn({ connector: connectorId, error: failure }, 'the token could not be saved for the other processes');
      return keep(token, generation + 1, token.lifetimeMs);
    }
    throw new RetryableError(
      'storage/unavailable',
      `connector ${connectorId}: the new refresh token of the source could not be saved`,
      {
        hint: 'This process keeps it and saves it as soon as the database answers: do not end the process before.',
        cause: failure,
      },
    );
  }

  const leftAlone = ({ reason, agoMs, endsInMs }: { reason: string; agoMs: number; endsInMs: number }) =>
    new PermanentError(
      'source/unauthorised',
      `${reason}; that was ${coarseDuration(agoMs)} ago, and nobody tries again for ${coarseDuration(endsInMs)}`,
      {
        hint: 'So that the account is not locked. Other credentials are tried at once; `outturn check` tries these again.',
      },
    );

  return {
    async token(signal) {
      if (held !== null && isGood(held)) return held;
      // Not the caller's signal: others may wait for the same token. A renewal has its own time-out.
      fetching ??= fetchToken().finally(() => {
        fetching = null;
      });
      return await orAborted(fetching, signal);
    },
    accepted(generation) {
      provenUpTo = Math.max(provenUpTo, generation);
    },
    refused(generation) {
      const vain =
        renewedForRefusal !== null &&
        renewedForRefusal.generation === generation &&
        provenUpTo < generation &&
        clock.nowMs() - renewedForRefusal.atMs < SETTLING_MS;
      if (vain) return false;
      refusedUpTo = Math.max(refusedUpTo, generation);
      return true;
    },
  };
}

/** A slow hash: whoever reads the table must not be able to try passwords on it. */
async function keyOf(identity: unknown): Promise<string> {
  const hash = promisify<string, string, number, Buffer>(scrypt);
  return (await hash(JSON.stringify(identity), 'outturn source token', 24)).toString('hex');
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
