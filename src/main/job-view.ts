/** Jobs, failures and deliveries as the CLI and the API show them. */
export { type DeadLetterView, deadLetterView } from '#src/api/dead-letter-view';
export { deliveryView } from '#src/api/delivery-view';
export { type JobDetailView, type JobRunView, type JobView, jobDetailView, jobView } from '#src/api/job-view';
