import { describe, expect, it } from 'vitest';
import { isReportKey, reportKey, reportUrl } from './report-link.ts';

const token = 'a-token';
const target = { project: 'checkout', snapshotId: 's-1' };

describe('the key of a report', () => {
  it('opens the report that it was made for', () => {
    expect(isReportKey(token, target, reportKey(token, target))).toBe(true);
  });

  it.each([
    ['another project', token, { ...target, project: 'search' }],
    ['another snapshot', token, { ...target, snapshotId: 's-2' }],
    ['the same letters, split otherwise', token, { project: 'checkout","s', snapshotId: '-1' }],
    ['another token', 'b-token', target],
  ])('does not open %s', (_what, otherToken, other) => {
    expect(isReportKey(otherToken, other, reportKey(token, target))).toBe(false);
  });

  it.each(['', 'x', 'x'.repeat(43), 'é'.repeat(43), 'x'.repeat(10_000)])('cannot be %j', (given) => {
    expect(isReportKey(token, target, given)).toBe(false);
  });

  it('stays the same over releases: a mail of last year still opens its report', () => {
    expect(reportKey(token, target)).toBe('56pC8S8S3GZZEJi2Pnd2icq4kOfv_vy_9mXBg24TMd0');
  });

  it('never holds the token', () => {
    const url = reportUrl('https://outturn.example.com/it//', token, { project: 'a b', snapshotId: 's/1' });
    expect(url).toMatch(/^https:\/\/outturn\.example\.com\/it\/projects\/a%20b\/snapshots\/s%2F1\?key=[\w-]{43}$/);
    expect(url).not.toContain(token);
  });
});
