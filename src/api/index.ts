/** The thin admin HTTP interface: validate, authorise, call a port, answer. */
export { type Api, createApi } from './server.ts';
