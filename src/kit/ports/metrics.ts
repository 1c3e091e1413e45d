import type { DeliveryChannel } from '../config.ts';
import type { FetchPurpose } from './http.ts';

/** Of each account: the part of its budget that is used (0 to 1), requests under way and waiting, and whether it is blocked (0 or 1). */
export type BudgetGauge = 'budget_used_ratio' | 'budget_in_use' | 'budget_waiting' | 'budget_blocked';

export type JobIncident = 'dead-letter' | 'crashed' | 'quarantined' | 'lost-lock';
/** Of work in hand: what is open by kind and state, and how long the oldest has waited. */
export type WorkGauge =
  | 'outbox_open'
  | 'outbox_unpublished'
  | 'outbox_lag_seconds'
  | 'jobs_open'
  | 'queue_jobs'
  | 'oldest_waiting_seconds'
  | 'dead_letters_open';
/** Counters and histograms for each job kind and connector; implemented by src/telemetry. */
export interface Metrics {
  jobFinished(facts: {
    kind: string;
    outcome: 'succeeded' | 'retried' | 'failed' | 'cancelled' | 'released' | 'lost';
    durationMs: number;
    waitedMs: number;
  }): void;
  /** What an operator wants to know of besides outcomes; `crashed`: an earlier run's worker died with it. */
  jobIncident(facts: { kind: string; incident: JobIncident }): void;
  pullFinished(facts: {
    connector: string;
    stream: string;
    outcome: 'succeeded' | 'failed';
    rows: number;
    revisions: number;
    durationMs: number;
  }): void;
  deliveryFinished(facts: { channel: DeliveryChannel; state: 'sent' | 'failed' | 'unknown' | 'retried' }): void;
  fireRecorded(facts: { schedule: string; outcome: string; latenessMs: number }): void;
  /** How long a request waited for its account's budget, and whether it got its turn. */
  budgetTurn(facts: {
    account: string;
    purpose: FetchPurpose;
    outcome: 'granted' | 'put-off' | 'failed';
    waitedMs: number;
  }): void;
  gauge(
    name: 'watermark_lag_seconds' | 'missing_work' | WorkGauge | BudgetGauge,
    labels: Record<string, string>,
    value: number,
  ): void;
  /** Prometheus text exposition. */
  expose(): Promise<{ contentType: string; body: string }>;
}
