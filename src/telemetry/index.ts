/** Logs, metrics and traces of this process. */
export { createLogger } from './logger.ts';
export { createMetrics } from './metrics.ts';
export { type OpenTracing, openTracing } from './tracing.ts';
