import { Gauge, type Registry } from 'prom-client';
import type { WorkGauge } from '#kit';

/** Gauges of work in hand: the same whichever process is asked, for they come from the database. */
export function workGauges(registers: Registry[]): Record<Exclude<WorkGauge, 'outbox_open'>, Gauge> {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `outturn_${name}`, help, labelNames, registers });
  return {
    outbox_unpublished: gauge('outbox_unpublished', 'Intents that no relay has put into the queue yet.'),
    outbox_lag_seconds: gauge(
      'outbox_lag_seconds',
      'How long the oldest intent that is due has waited to be put into the queue; 0 when none waits.',
    ),
    jobs_open: gauge('jobs_open', 'Jobs that have not ended, by kind and state.', ['kind', 'state']),
    queue_jobs: gauge('queue_jobs', 'Jobs that have not ended, by queue and state.', ['queue', 'state']),
    oldest_waiting_seconds: gauge(
      'oldest_waiting_seconds',
      'How long the oldest due job of a kind has waited for its first start; 0 when none waits.',
      ['kind'],
    ),
    dead_letters_open: gauge(
      'dead_letters_open',
      'Jobs that failed for good and were neither discarded nor replayed with success.',
      ['kind'],
    ),
  };
}
