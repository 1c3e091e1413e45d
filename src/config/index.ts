/** YAML files → references resolved → checked against the schemas → typed configuration; every problem with its place. */
export { configJsonSchema } from './json-schema.ts';
export { type LoadInput, type LoadResult, loadConfig } from './load.ts';
export { type ConfigProblem, formatProblem } from './problems.ts';
export { connectorText, type OfferedStream, offeredStreams } from './write-streams.ts';
