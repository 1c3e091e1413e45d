/** Logs and metrics of this process. */
export { createLogger } from './logger.ts';
export { createMetrics } from './metrics.ts';
