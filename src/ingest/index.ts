/** One stream's pull from end to end: window, pages, archive, parse, one transaction. */
export { createPullRunner, type PullRunnerParts } from './runner.ts';
