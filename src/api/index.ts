/** The thin admin HTTP interface: validate, authorise, call a port, answer. */
export { serveMetrics } from './metrics-server.ts';
export { type Api, createApi } from './server.ts';
