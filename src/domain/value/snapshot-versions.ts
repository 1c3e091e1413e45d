import { readingVersion } from '../readings/read-metric.ts';
import { canonicalHash } from './canonical.ts';
import type { RoiInput } from './input.ts';
import { engineVersion } from './roi.ts';

/** What a snapshot was computed with: two that differ and share a version did not change because of it. */
export interface SnapshotVersions {
  /** Of the arithmetic. */
  engine: string;
  /** Of the rule by which samples become readings. */
  readings: string;
  /** The project's definition: the beginning of its hash, and the number under which it is kept; null: not numbered. */
  definition: { hash: string; version: number | null };
  /** The plan that actuals are compared with. */
  plan: string | null;
  /** Beginning of a hash over all exchange rates that the figures may rest on; null: none. */
  fx: string | null;
  /** Beginning of a hash over what a unit of each metric is worth. */
  rates: string;
}

export function versionsOf(
  input: Pick<RoiInput, 'project' | 'fxRates' | 'fxQuotes'>,
  definitionVersion: number | null,
): SnapshotVersions {
  const { project, fxRates, fxQuotes } = input;
  const rates = [...fxRates, ...fxQuotes].map((rate) => canonicalHash(rate)).sort();
  return {
    engine: engineVersion,
    readings: readingVersion,
    definition: { hash: short(canonicalHash(project)), version: definitionVersion },
    plan: project.plans.at(-1)?.id ?? null,
    fx: rates.length === 0 ? null : short(canonicalHash(rates)),
    rates: short(canonicalHash(project.metrics.map((metric) => [metric.id, metric.rates]))),
  };
}

const short = (hash: string): string => hash.slice(0, 16);
