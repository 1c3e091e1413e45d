/** A pull of this process that asks again in a moment, because its source could not answer. */
export interface SourceWait {
  connector: string;
  stream: string;
  untilMs: number;
  /** What the source said, redacted. */
  reason: string;
}
export interface SourceWaits {
  /** Gives back what ends it. */
  begin(wait: SourceWait): () => void;
  /** Those under way, the oldest first. */
  list(): readonly SourceWait[];
}

/** For who looks on at a terminal. What pulls of other processes wait for is in their log. */
export function createSourceWaits(): SourceWaits {
  const waits = new Set<SourceWait>();
  return {
    begin(wait) {
      waits.add(wait);
      return () => void waits.delete(wait);
    },
    list: () => [...waits],
  };
}
