import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '#kit';
import { workGauges } from './work-gauges.ts';

const SECOND_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/**
 * Metrics of this process in a registry of its own, so that several can live in one process. Labels hold kinds, configured
 * ids and outcomes only: never addresses or values from a source.
 */
export function createMetrics(options: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.processMetrics ?? true) {
    collectDefaultMetrics({ register: registry, prefix: 'outturn_' });
    // Sums of gauges that are there as well, named like counters.
    for (const what of ['handles', 'requests', 'resources'])
      registry.removeSingleMetric(`outturn_nodejs_active_${what}_total`);
  }

  const jobs = new Counter({
    name: 'outturn_jobs_total',
    help: 'Attempts of jobs by kind and outcome; retried ones are followed by another.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const jobDuration = new Histogram({
    name: 'outturn_job_duration_seconds',
    help: 'How long an attempt of a job ran.',
    labelNames: ['kind', 'outcome'],
    buckets: SECOND_BUCKETS,
    registers,
  });
  const jobWait = new Histogram({
    name: 'outturn_job_wait_seconds',
    help: 'From the moment a job was due first to the start of an attempt.',
    labelNames: ['kind'],
    buckets: SECOND_BUCKETS,
    registers,
  });
  const incidents = new Counter({
    name: 'outturn_job_incidents_total',
    help: 'Jobs that failed for good (dead-letter), lost their worker (crashed), were quarantined, or lost their lock.',
    labelNames: ['kind', 'incident'],
    registers,
  });
  const pulls = new Counter({
    name: 'outturn_pulls_total',
    help: 'Pulls by stream and outcome.',
    labelNames: ['connector', 'stream', 'outcome'],
    registers,
  });
  const pullRows = new Counter({
    name: 'outturn_pull_rows_total',
    help: 'Rows that pulls read.',
    labelNames: ['connector', 'stream'],
    registers,
  });
  const pullRevisions = new Counter({
    name: 'outturn_pull_revisions_total',
    help: 'Stored values that a later pull corrected.',
    labelNames: ['connector', 'stream'],
    registers,
  });
  const pullDuration = new Histogram({
    name: 'outturn_pull_duration_seconds',
    help: 'How long a pull took.',
    labelNames: ['connector', 'stream', 'outcome'],
    buckets: SECOND_BUCKETS,
    registers,
  });
  const deliveries = new Counter({
    name: 'outturn_deliveries_total',
    help: 'Deliveries of digests by channel and state.',
    labelNames: ['channel', 'state'],
    registers,
  });
  const fires = new Counter({
    name: 'outturn_fires_total',
    help: 'Slots of schedules by what became of them.',
    labelNames: ['schedule', 'outcome'],
    registers,
  });
  const fireLateness = new Histogram({
    name: 'outturn_fire_lateness_seconds',
    help: 'How long after its slot a schedule fired.',
    labelNames: ['schedule'],
    buckets: [0.1, 1, 5, 30, 60, 300, 900, 3600, 21_600, 86_400],
    registers,
  });
  const budgetWait = new Histogram({
    name: 'outturn_budget_wait_seconds',
    help: "How long requests waited for their account's budget, by whether they got their turn.",
    labelNames: ['account', 'purpose', 'outcome'],
    buckets: [0.01, 0.1, 1, 5, 15, 60, 300, 900, 3600],
    registers,
  });
  const gauges: Record<Parameters<Metrics['gauge']>[0], Gauge> = {
    budget_used_ratio: new Gauge({
      name: 'outturn_budget_used_ratio',
      help: 'Part of what an account may be asked at once, in a minute or in a day that is used, whichever is most (0 to 1).',
      labelNames: ['account'],
      registers,
    }),
    budget_in_use: new Gauge({
      name: 'outturn_budget_in_use',
      help: 'Requests of an account that are under way, in all processes.',
      labelNames: ['account'],
      registers,
    }),
    budget_waiting: new Gauge({
      name: 'outturn_budget_waiting',
      help: 'Requests that wait for the budget of an account, in all processes.',
      labelNames: ['account', 'purpose'],
      registers,
    }),
    budget_blocked: new Gauge({
      name: 'outturn_budget_blocked',
      help: '1 while the source has asked that nothing more is asked.',
      labelNames: ['account'],
      registers,
    }),
    ...workGauges(registers),
    outbox_open: new Gauge({
      name: 'outturn_outbox_open',
      help: 'Intents that are not yet acknowledged.',
      labelNames: [],
      registers,
    }),
    watermark_lag_seconds: new Gauge({
      name: 'outturn_watermark_lag_seconds',
      help: 'Age of the newest instant up to which a stream is complete.',
      labelNames: ['connector', 'stream'],
      registers,
    }),
    missing_work: new Gauge({
      name: 'outturn_missing_work',
      help: 'Work that should exist and does not, by kind.',
      labelNames: ['kind'],
      registers,
    }),
  };

  return {
    jobFinished({ kind, outcome, durationMs, waitedMs }) {
      jobs.inc({ kind, outcome });
      jobDuration.observe({ kind, outcome }, durationMs / 1000);
      jobWait.observe({ kind }, Math.max(0, waitedMs) / 1000);
    },
    jobIncident: (labels) => incidents.inc(labels),
    pullFinished({ connector, stream, outcome, rows, revisions, durationMs }) {
      pulls.inc({ connector, stream, outcome });
      pullRows.inc({ connector, stream }, rows);
      pullRevisions.inc({ connector, stream }, revisions);
      pullDuration.observe({ connector, stream, outcome }, durationMs / 1000);
    },
    deliveryFinished: ({ channel, state }) => deliveries.inc({ channel, state }),
    fireRecorded({ schedule, outcome, latenessMs }) {
      fires.inc({ schedule, outcome });
      if (outcome !== 'skipped') fireLateness.observe({ schedule }, Math.max(0, latenessMs) / 1000);
    },
    budgetTurn({ account, purpose, outcome, waitedMs }) {
      budgetWait.observe({ account, purpose, outcome }, waitedMs / 1000);
    },
    gauge(name, labels, value) {
      gauges[name].set(labels, value);
    },
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
