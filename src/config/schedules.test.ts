import { describe, expect, it } from 'vitest';
import { shortestIntervalMs, validateCron } from '#src/schedule/index';
import { loadFiles, spoil } from '../../test/factories/config.ts';

const DIGEST = 'schedule: "0 8 * * 1"';
const load = (files: Record<string, string>) => loadFiles(files, { validateCron, shortestIntervalMs });
const digestAt = (schedule: string) => load(spoil(DIGEST, `schedule: ${schedule}`));

describe('times written in full', () => {
  it('of a connector hold for its streams, and one of them may have others', async () => {
    const { config, lines } = await load(
      spoil(
        '    streams:\n      failures: { query: sum(failures), step: 1h, unit: failures }',
        `    schedule: { cron: "*/15 * * * *", maxRandomDelay: 5m, catchUp: all, timeZone: UTC }
    streams:
      failures: { query: sum(failures), step: 1h, unit: failures }
      daily: { query: sum(failures), step: 1h, unit: failures, schedule: "@daily" }`,
      ),
    );
    expect(lines).toEqual([]);
    expect(config?.schedules.slice(0, 2)).toMatchObject([
      { id: 'pull:shop.failures', cron: '*/15 * * * *', timeZone: 'UTC', catchUp: 'all', maxRandomDelayMs: 300_000 },
      { id: 'pull:shop.daily', cron: '@daily', timeZone: 'Europe/Berlin', catchUp: 'latest', maxRandomDelayMs: 0 },
    ]);
  });

  it('of a subscription come before its own time zone', async () => {
    const { config } = await digestAt('{ cron: "0 8 * * 1", timeZone: Asia/Tokyo, catchUp: none }');
    expect(config?.schedules).toMatchObject([{ id: 'digest:weekly', timeZone: 'Asia/Tokyo', catchUp: 'none' }]);
    expect(config?.subscriptions[0]?.schedule).toBe('0 8 * * 1');
  });
});

describe('retention of archived pages', () => {
  const withRetention = (retention: string) =>
    load(spoil('  timeZone: Europe/Berlin', `  timeZone: Europe/Berlin\n  retention: ${retention}`));

  it('is a schedule of its own, each night, where it is asked for', async () => {
    const { config } = await withRetention('{ pages: 400d }');
    expect(config?.settings.retention).toEqual({ pagesMs: 400 * 86_400_000, evidence: 'keep' });
    expect(config?.schedules.find(({ id }) => id === 'retention:pages')).toMatchObject({
      timeZone: 'Europe/Berlin',
      job: { kind: 'prune-pages', args: {} },
    });
    const { config: without } = await load(spoil('timeZone: Europe/Berlin', 'timeZone: UTC'));
    expect(without?.schedules.map(({ id }) => id)).not.toContain('retention:pages');
  });

  it.each([
    ['{ pages: 12h }', 'expected at least 1d'],
    ['{ evidence: remove }', 'settings.retention.pages: is required'],
    ['{ pages: 400d, evidence: lose }', 'settings.retention.evidence'],
  ])('%s is refused', async (retention, problem) => {
    const { config, lines } = await withRetention(retention);
    expect(config).toBeNull();
    expect(lines.join('\n')).toContain(problem);
  });
});

describe('wrong times', () => {
  it.each([
    ['{ cron: "0 8 * * 1", maxRandomDelay: 8d }', 'schedule.maxRandomDelay: must be shorter than', '7d'],
    ['{ cron: "*/15 * * * *", maxRandomDelay: 15m }', 'schedule.maxRandomDelay: must be shorter than', '15m'],
    ['{ cron: "61 * * * *" }', 'schedule.cron: minute', '61'],
    ['"61 * * * *"', 'schedule: minute', '61'],
    ['{ cron: "0 8 * * 1", maxRandomDelay: soon }', 'schedule.maxRandomDelay: expected a duration', 'soon'],
    ['{ cron: "0 8 * * 1", catchup: all }', 'schedule.catchup: unknown key', 'catchUp'],
    ['{ timeZone: UTC }', 'schedule.cron: is required', 'cron'],
    ['every monday', 'schedule: expected a cron expression', 'every monday'],
  ])('%s are refused, naming the place', async (schedule, place, detail) => {
    const { config, lines } = await digestAt(schedule);
    expect(config).toBeNull();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`subscriptions.weekly.${place}`);
    expect(lines[0]).toContain(detail);
  });

  it('a delay just below the time between two runs is right', async () => {
    expect((await digestAt('{ cron: "*/15 * * * *", maxRandomDelay: 14m59s }')).lines).toEqual([]);
  });
});
