import type { SourceLimits } from '#kit';
import type { ODataOptions } from './options.ts';

/**
 * Limits of Business Central online for each user: 8 minutes a request, 5 at a time (more wait in a queue), 6,000 in any five
 * minutes. Microsoft Learn, "Operational limits for Business Central online", "OData request limits (per user)".
 */
const BUSINESS_CENTRAL: SourceLimits = { timeoutMs: 8 * 60_000, concurrency: 5, requestsPerMinute: 1200 };

/** What is known of a service by its options; of any other one nothing is. */
export const limitsOf = ({ businessCentral }: Pick<ODataOptions, 'businessCentral'>): SourceLimits =>
  businessCentral === undefined ? {} : BUSINESS_CENTRAL;
