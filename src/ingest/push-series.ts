import {
  type Clock,
  LeftOut,
  type PushedSampleSeries,
  type PushedSeries,
  type Store,
  seriesSelector,
  type WriteAnswer,
  type WrittenSeries,
} from '#kit';
import { STALE_AFTER_MS, stepEndsOf } from './push-steps.ts';
import type { PushTarget } from './push-target.ts';

/** A label longer than any that is meant to be one. */
const LONGEST_LABEL = 4_096;
const LONGEST_SHOWN = 300;
const iso = (atMs: number): string => new Date(atMs).toISOString();

/**
 * Keeps the samples that the connector's streams select, marks the steps that they belong to, and asks for those to be measured when they
 * are over: all in one transaction, so that an answered request is kept whole and one that failed may come again. What can
 * never be stored (a time to come, a step long over, one series too many) is said; the rest is stored all the same.
 */
export async function writeSeries(
  { store, clock }: { store: Store; clock: Clock },
  target: PushTarget,
  series: readonly WrittenSeries[],
): Promise<WriteAnswer> {
  const nowMs = clock.nowMs();
  const refused = new LeftOut();
  const unsound = new LeftOut({ one: 'series', many: 'series' });
  const noNumbers = new LeftOut({ one: 'native histogram', many: 'native histograms' });
  /** What a stream refused; another one may take it, as each has its own step and `late`. */
  const refusedSamples = new Map<WrittenSeries['samples'][number], { problem: string; place: string } | null>();
  const stored = new Set<unknown>();
  const withHistograms = new Set<WrittenSeries>();
  const sound = series.filter((one) => {
    if (one.problem === null) return true;
    unsound.add(one.problem, shown(JSON.stringify(one.labels)));
    return false;
  });

  const wanted = target.streams.flatMap(({ id, options }) => {
    if (options.accepts !== 'prometheus') return [];
    const selects = seriesSelector(options.match);
    const chosen = sound
      .filter(({ labels }) => selects(labels))
      .flatMap((one): PushedSampleSeries[] => {
        const name = shown(JSON.stringify(one.labels));
        const long = Object.entries(one.labels).find((pair) => pair.some((text) => text.length > LONGEST_LABEL));
        if (long !== undefined) {
          refused.add(`the label ${shown(long[0])} has more than ${LONGEST_LABEL} characters`, name);
          for (const sample of one.samples) refusedSamples.set(sample, null);
          return [];
        }
        if (!withHistograms.has(one))
          for (let count = 0; count < one.histograms; count++) noNumbers.add('only plain samples are measured', name);
        if (one.histograms > 0) withHistograms.add(one);
        const kept = one.samples.filter((sample) => {
          const problem = problemOf(sample, options, { nowMs, maxClockSkew: target.options.maxClockSkew });
          if (problem === null) return true;
          // What is no number is left out as a gap is; it is nothing that the sender could mend.
          if (problem !== NOT_FINITE) {
            const place = `${problem === NO_TIME ? sample.atMs : iso(sample.atMs)} of ${name}`;
            refusedSamples.set(sample, { problem, place });
          }
          return false;
        });
        return kept.length === 0 ? [] : [{ labels: one.labels, samples: kept }];
      });
    return chosen.length === 0 ? [] : [{ id, options, chosen }];
  });
  const words = new Set<string>();
  if (wanted.length > 0)
    await store.transaction(async (tx) => {
      words.clear();
      stored.clear();
      for (const { id, options, chosen } of wanted) {
        const { changedAtMs, leftOut } = await tx.push.addSamples({
          connector: target.id,
          stream: id,
          maxSeries: options.maxSeries,
          series: chosen,
        });
        if (leftOut.length > 0)
          words.add(
            `${leftOut.length} series of stream ${id} were left out: it has ${options.maxSeries} already; narrow its match, or raise maxSeries`,
          );
        const without = new Set(leftOut);
        for (const [index, { samples }] of chosen.entries())
          for (const sample of samples) {
            if (!without.has(index)) stored.add(sample);
            else if (!refusedSamples.has(sample)) refusedSamples.set(sample, null);
          }
        const ends = changedAtMs.flatMap((atMs) => stepEndsOf(atMs, options));
        const fresh = await tx.push.markSteps(target.id, id, ends);
        const over = (endMs: number): boolean => endMs + options.settle <= nowMs;
        const times = new Set(fresh.map((endMs) => (over(endMs) ? nowMs : endMs + options.settle)));
        for (const notBeforeMs of [...times].sort((a, b) => a - b))
          await tx.outbox.enqueue({
            kind: 'close-push-steps',
            args: { connector: target.id, stream: id },
            cause: `push to ${target.id}`,
            notBeforeMs,
          });
      }
    });
  const lost = [...refusedSamples].filter(([sample]) => !stored.has(sample));
  for (const [, why] of lost) if (why !== null) refused.add(why.problem, why.place);
  const count = (counted: (one: WrittenSeries) => number): number => sound.reduce((sum, one) => sum + counted(one), 0);
  return {
    samples: count(({ samples }) => samples.length) - lost.length,
    histograms: count((one) => (withHistograms.has(one) ? 0 : one.histograms)),
    exemplars: count(({ exemplars }) => exemplars),
    refused: [...unsound.warnings(), ...refused.warnings(), ...noNumbers.warnings(), ...words],
  };
}

const NOT_FINITE = 'it is no finite number';
const NO_TIME = 'its time is no time in milliseconds';
const shown = (text: string): string => (text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);

function problemOf(
  { atMs, value }: { atMs: number; value: number | null },
  stream: PushedSeries,
  { nowMs, maxClockSkew }: { nowMs: number; maxClockSkew: number },
): string | null {
  if (value !== null && !Number.isFinite(value)) return NOT_FINITE;
  // Nanoseconds, for instance; what cannot be written as a date must not make the sender try again for ever.
  if (Number.isNaN(new Date(atMs).getTime())) return NO_TIME;
  if (atMs > nowMs + maxClockSkew) return `it lies in the future: it is ${iso(nowMs)} here, a clock is wrong`;
  const lastEndMs = stepEndsOf(atMs, stream).at(-1) ?? atMs + STALE_AFTER_MS;
  if (lastEndMs + stream.late < nowMs) return 'its step was over longer ago than the stream takes late samples';
  return null;
}
