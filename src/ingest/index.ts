/** One stream's pull from end to end (window, pages, archive, parse, one transaction), and the past of a stream in chunks of that. */
export { createBackfills } from './backfills.ts';
export { createPushReceiver } from './push.ts';
export { createPushSteps } from './push-steps.ts';
export { createReplays } from './replays.ts';
export { createPullRunner } from './runner.ts';
export { createSourceWaits, type SourceWait, type SourceWaits } from './source-waits.ts';
