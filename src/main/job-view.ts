/** Jobs, failures and deliveries as the CLI and the API show them. */
export { deadLetterView } from '#src/api/dead-letter-view';
export { deliveryView } from '#src/api/delivery-view';
export { type JobDetailView, type JobView, jobDetailView, jobView } from '#src/api/job-view';
