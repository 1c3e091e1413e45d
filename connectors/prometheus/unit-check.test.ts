import { describe, expect, it } from 'vitest';
import { metricOf } from './unit-check.ts';

describe('the metric whose unit a query keeps', () => {
  it.each([
    ['page_load_seconds', 'page_load_seconds'],
    ['sum by (shop) (increase(spent_seconds_total{site="a, b"}[1h]))', 'spent_seconds_total'],
    ['avg(avg_over_time(page_load_seconds{path=~"/a.*"}[1h])) without (pod)', 'page_load_seconds'],
    ['max_over_time(queue:wait_seconds:max[5m] offset 1d)', 'queue:wait_seconds:max'],
  ])('is found in %s', (query, metric) => {
    expect(metricOf(query)).toBe(metric);
  });

  it.each([
    'rate(spent_seconds_total[1h])',
    'sum(increase(a_sum[1h])) / sum(increase(a_count[1h]))',
    '1000 * page_load_seconds',
    'count(page_load_seconds)',
    'page_load_seconds > 5',
    'a_seconds or b_seconds',
    'histogram_quantile(0.95, sum by (le) (rate(x_bucket[1h])))',
    'time()',
    '{job="a"}',
    '',
  ])('cannot be told of %s', (query) => {
    expect(metricOf(query)).toBeNull();
  });
});
