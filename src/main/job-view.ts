/** A job as the CLI and the API show it. */
export { type JobView, jobView } from '#src/api/job-view';
