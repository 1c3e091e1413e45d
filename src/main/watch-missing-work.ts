import type { MissingWork } from '#kit';
import type { App } from './app.ts';
import { findMissingWork, missingWorkKinds, type QueueView } from './missing-work.ts';

const LOOK_INTERVAL_MS = 60_000;

/** Looks each minute, keeps the gauge, and tells each hole once when it appears. */
export function watchMissingWork(app: App, queue?: QueueView): { stop(): Promise<void> } {
  let known = new Set<string>();
  let looking: Promise<void> | null = null;
  let isStopping = false;
  const look = async (): Promise<void> => {
    try {
      const findings = await findMissingWork(app, queue);
      const keyOf = ({ kind, about }: MissingWork): string => `${kind} ${JSON.stringify(about)}`;
      for (const finding of findings)
        if (!known.has(keyOf(finding)))
          app.log.warn(
            { missing: finding.kind, since: new Date(finding.sinceMs).toISOString(), mend: finding.command },
            finding.message,
          );
      known = new Set(findings.map(keyOf));
      for (const kind of missingWorkKinds)
        app.metrics.gauge(
          'missing_work',
          { kind },
          findings.filter((finding) => finding.kind === kind).reduce((sum, { count }) => sum + count, 0),
        );
    } catch (error) {
      if (!isStopping) app.log.warn({ error }, 'missing work could not be looked for; tried again');
    }
  };
  /** One at a time: those that a silent database kept from being made are not made up for. */
  const lookOnce = (): void => {
    looking ??= look().finally(() => {
      looking = null;
    });
  };
  const timer = setInterval(lookOnce, LOOK_INTERVAL_MS);
  lookOnce();
  return {
    stop: async () => {
      isStopping = true;
      clearInterval(timer);
      await looking;
    },
  };
}
