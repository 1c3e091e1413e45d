import type { DigestFacts } from '../../domain/digest/facts.ts';
import type { CurrencyCode } from '../../domain/types.ts';
import type { DeliveryChannel } from '../config.ts';

export interface DigestRow {
  id: string;
  subscription: string;
  /** What it is about: a project or a portfolio; the other is null. */
  projectId: string | null;
  portfolioId: string | null;
  /** The schedule's slot (ISO instant) or the manual request's id: one digest for each (subscription, slot). */
  slot: string;
  /** Of the project. Null: there was no snapshot to rest on, and the digest says so. */
  snapshotId: string | null;
  /** The roll-up of the portfolio that it rests on; null exactly where `portfolioId` is. */
  portfolioSnapshotId: string | null;
  /** A test-send: never what a later digest is compared with. */
  test: boolean;
  facts: DigestFacts;
  factsHash: string;
  createdAtMs: number;
}
type PortfolioColumn = 'portfolioId' | 'portfolioSnapshotId';

export interface DigestRepository {
  /** Returns the row that is there when (subscription, slot) exists, `created: false`. */
  save(
    row: Omit<DigestRow, 'createdAtMs' | PortfolioColumn> & Partial<Pick<DigestRow, PortfolioColumn>>,
  ): Promise<{ digest: DigestRow; created: boolean }>;
  get(id: string): Promise<DigestRow | null>;
  find(subscription: string, slot: string): Promise<DigestRow | null>;
  /** The newest that is not a test. */
  latest(subscription: string): Promise<DigestRow | null>;
  /** Notes that a slot was left out since that digest; once for each slot. */
  leaveOut(slot: { subscription: string; slot: string; sinceDigestId: string }): Promise<void>;
  /** How many slots of the subscription were left out since that digest, `except` not counted. */
  leftOut(subscription: string, sinceDigestId: string, except: string): Promise<number>;
}

export type DeliveryState = 'pending' | 'sending' | 'sent' | 'failed' | 'unknown';
export interface DeliveryRow {
  id: string;
  idempotencyKey: string;
  digestId: string;
  subscription: string;
  slot: string;
  channel: DeliveryChannel;
  address: string;
  recipientName: string;
  /** Who it is, where that is a stakeholder that the database knows. */
  stakeholder: string | null;
  /** The recipient's own: amounts of another currency are shown in it too; null: only as they are. */
  currency: CurrencyCode | null;
  test: boolean;
  state: DeliveryState;
  messageId: string | null;
  attempts: number;
  errorCode: string | null;
  errorMessage: string | null;
  createdAtMs: number;
  updatedAtMs: number;
  /** When a person found out by other means whether it arrived, who, and how. */
  settledAtMs: number | null;
  settledBy: string | null;
  settleReason: string | null;
}
export interface DeliveryFilter {
  state?: DeliveryState | undefined;
  subscription?: string | undefined;
  digestId?: string | undefined;
  /** Only those that come after the one of this id in the list. */
  afterId?: string | undefined;
  limit: number;
}
export interface DeliveryRepository {
  /** One row for each idempotency key; `created: false` when it was there. */
  create(
    row: Pick<
      DeliveryRow,
      'id' | 'idempotencyKey' | 'digestId' | 'subscription' | 'slot' | 'channel' | 'address' | 'recipientName' | 'test'
    > &
      Partial<Pick<DeliveryRow, 'stakeholder' | 'currency'>>,
  ): Promise<{ delivery: DeliveryRow; created: boolean }>;
  get(id: string): Promise<DeliveryRow | null>;
  /**
   * pending|failed|unknown → sending, counting the attempt; null when another holds it or it was sent, or when others have
   * tried since the caller read the row with so many `attempts`: their outcome must be looked at first.
   */
  beginSending(id: string, attempts: number): Promise<DeliveryRow | null>;
  /**
   * How the sending that `attempts` counted ended. That it was sent always holds; any other end of an attempt that another
   * one has followed says nothing any more.
   */
  finish(
    id: string,
    result:
      | { state: 'sent'; messageId: string }
      | { state: 'failed' | 'unknown' | 'pending'; attempts: number; errorCode: string; errorMessage: string },
  ): Promise<void>;
  list(limit: number): Promise<DeliveryRow[]>;
  /** Newest first. */
  search(filter: DeliveryFilter): Promise<DeliveryRow[]>;
  /** By the beginning of the id, newest first. */
  find(prefix: string, limit: number): Promise<DeliveryRow[]>;
  /**
   * unknown → sent, or → pending so that it may be sent again: a person knows what the channel could not tell. Null when it is
   * not `unknown` any more.
   */
  settle(id: string, verdict: { arrived: boolean; by: string; reason: string | null }): Promise<DeliveryRow | null>;
  /** How many there are of each state, those of tests left out. */
  counts(): Promise<Partial<Record<DeliveryState, number>>>;
}
