import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** The report of one snapshot. */
export interface ReportTarget {
  project: string;
  snapshotId: string;
}

/** The key is for this purpose alone: who learns it learns nothing of the API token, and another purpose gets another. */
const PURPOSE = 'outturn report link, version 1';

/**
 * What opens the report of one snapshot, and no other, without logging in: HMAC-SHA256 under a key derived from the API
 * token (HKDF, RFC 5869), 43 characters of base64url. Another token makes every key that was given out invalid.
 */
export function reportKey(apiToken: string, { project, snapshotId }: ReportTarget): string {
  const key = Buffer.from(hkdfSync('sha256', apiToken, '', PURPOSE, 32));
  return createHmac('sha256', key)
    .update(JSON.stringify([project, snapshotId]))
    .digest('base64url');
}

/** Takes as long whichever character differs. */
export function isReportKey(apiToken: string, target: ReportTarget, given: string): boolean {
  const expected = Buffer.from(reportKey(apiToken, target));
  const actual = Buffer.from(given);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** Where a reader opens the report, as `src/api` serves it. */
export function reportUrl(publicUrl: string, apiToken: string, target: ReportTarget): string {
  const [project, snapshot] = [target.project, target.snapshotId].map(encodeURIComponent);
  return `${publicUrl.replace(/\/+$/, '')}/projects/${project}/snapshots/${snapshot}?key=${reportKey(apiToken, target)}`;
}
