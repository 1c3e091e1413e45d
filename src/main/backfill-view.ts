export { type BackfillView, backfillChunkView, backfillPlanView, backfillView } from '#src/api/backfill-view';
