/** Logs and metrics of this process. */
export { createLogger, type LogFormat, type LoggerSettings, type LogLevel } from './logger.ts';
export { createMetrics } from './metrics.ts';
