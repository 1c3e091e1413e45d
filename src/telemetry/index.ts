/** Logs, metrics and traces of this process. */
export { createLogger } from './logger.ts';
export { createMetrics } from './metrics.ts';
export { openTracing } from './tracing.ts';
export type { OpenTracing } from './tracing-settings.ts';
