import type { PushedEntity, PushedFormat } from './pushed-rows.ts';
import type { JobFence } from './store/job-runs.ts';

/** In a pull's row, in place of the job: nobody asked, a sender did. */
export const PUSHED = 'push';

export interface PushedDocument {
  connector: string;
  entity: PushedEntity;
  format: PushedFormat;
  /** Decoded text; of a long push one part of it. */
  body: string;
  /** Of rows that do not say it themselves. */
  stream: string | null;
  receivedAtMs: number;
  /** Null: the sender gave none. */
  idempotencyKey: string | null;
  /** Number of the part, from 0, and of its first line, from 1. */
  chunk: number;
  firstLine: number;
}
export interface PushedStreamAnswer {
  stream: string;
  pullId: string;
  rows: number;
  inserted: number;
  revisions: number;
  unchanged: number;
}
/** Of what is committed. */
export interface PushAnswer {
  connector: string;
  streams: PushedStreamAnswer[];
  /** The same push had come before; nothing was done now, and this is what it was answered then. */
  repeated: boolean;
}

/** One series of a remote-write request; values as they were sent, stale markers as null. */
export interface WrittenSeries {
  labels: Record<string, string>;
  samples: { atMs: number; value: number | null }[];
  /** How many native histograms it has: they are no numbers. */
  histograms: number;
  /** How many exemplars it has: they are taken and not kept. */
  exemplars: number;
  /** Why nothing of it can ever be stored, such as a label twice; null: its labels are sound. */
  problem: string | null;
}
/** How many of each are stored, or asked for by no stream: none of them is to be sent again. */
export interface WriteAnswer {
  samples: number;
  histograms: number;
  exemplars: number;
  /** What was refused for good, in words; what could be stored is stored. */
  refused: string[];
}

/** What is sent to us, stored before it is answered. */
export interface PushReceiver {
  /** Secrets as they are now: a token that was changed or removed must not stay valid in a process that only listens. */
  refresh(): Promise<void>;
  /**
   * One batch: all of its streams in one transaction, or nothing. Throws `api/invalid-request` with every problem in
   * `facts.errors`, `api/key-reused`, `source/unit-mismatch`, and errors of storage.
   */
  store(document: PushedDocument): Promise<PushAnswer>;
  /** Samples of Prometheus, kept until their step is over. Throws errors of storage: then nothing is stored. */
  write(connector: string, series: readonly WrittenSeries[]): Promise<WriteAnswer>;
}

/** Steps of series that Prometheus sent. */
export interface PushSteps {
  /** Measures every step of the stream that is over and has samples that are not measured yet, one transaction each. */
  close(
    request: { connector: string; stream: string; jobId: string; attempt: number; fence: JobFence },
    context: { signal: AbortSignal; progress(done: number, total: number): void },
  ): Promise<{ steps: number; rows: number; inserted: number; revisions: number; warnings: string[] }>;
}
