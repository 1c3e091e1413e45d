/** One stream's pull from end to end: window, pages, archive, parse, one transaction. */
export { createPullRunner } from './runner.ts';
