import { formatDurationMs, type SourceLimits } from '#kit';

/** `8m a request, 5 at a time, 1,200 a minute`; null: none is known. */
export function limitWords({ timeoutMs, concurrency, requestsPerMinute, requestsPerDay }: SourceLimits): string | null {
  const count = (number: number): string => number.toLocaleString('en-GB');
  const parts = [
    ...(timeoutMs === undefined ? [] : [`${formatDurationMs(timeoutMs)} a request`]),
    ...(concurrency === undefined ? [] : [`${count(concurrency)} at a time`]),
    ...(requestsPerMinute === undefined ? [] : [`${count(requestsPerMinute)} a minute`]),
    ...(requestsPerDay === undefined ? [] : [`${count(requestsPerDay)} a day`]),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}
