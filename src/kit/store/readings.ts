import type { KeptReadings } from '../../domain/readings/kept.ts';

/** The readings of each metric as the newest recompute found them: a cache, which a full recompute makes anew. */
export interface ReadingRepository {
  get(projectId: string, metricId: string): Promise<KeptReadings | null>;
  /**
   * `changed`: first dates of the periods that were read anew, all others are kept as they are; null: all were. Within the
   * transaction that takes the dirty marks, so that the two never part.
   */
  put(
    projectId: string,
    metricId: string,
    readings: KeptReadings,
    changed: { periods: ReadonlySet<string>; frozen: boolean } | null,
  ): Promise<void>;
  /** Of metrics that the project has no more. */
  dropOthers(projectId: string, metricIds: readonly string[]): Promise<void>;
}
