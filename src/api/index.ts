/** The thin admin HTTP interface: validate, authorise, call a port, answer. */
export { type Api, type ApiOptions, createApi } from './server.ts';
