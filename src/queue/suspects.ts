/**
 * A job whose workers died with it as often as may be is a suspect until it ends: it, or one that ran beside it, is what killed
 * the processes. Two suspects never run in one process at the same time, so that the last death tells which of them it was,
 * and the neighbours of a deadly job do not follow it into quarantine.
 */
export interface SuspectGate {
  /** False: another suspect runs in this process. */
  enter(jobId: string): boolean;
  leave(jobId: string): void;
}

export function createSuspectGate(): SuspectGate {
  let inside: string | null = null;
  return {
    enter(jobId) {
      if (inside !== null) return false;
      inside = jobId;
      return true;
    },
    leave(jobId) {
      if (inside === jobId) inside = null;
    },
  };
}
