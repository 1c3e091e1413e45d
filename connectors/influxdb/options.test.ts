import { describe, expect, it } from 'vitest';
import { influxdbOptions, influxdbStream } from './options.ts';

const problemsOf = (schema: typeof influxdbOptions | typeof influxdbStream, value: unknown): string[] =>
  schema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe('a connector to InfluxDB', () => {
  it.each([
    [{ version: 1 }, 'database: is required for InfluxQL'],
    [{ version: 2 }, 'organisation: is required for Flux'],
    [{ version: 2, language: 'influxql' }, 'database: is required for InfluxQL'],
    [{ version: 3 }, 'database: is required for SQL'],
    [{ version: 3, language: 'flux', organisation: 'a' }, 'language: version 3 knows sql and influxql'],
    [{ version: 1, language: 'sql', database: 'd' }, 'language: version 1 knows influxql'],
  ])('%o says what is missing', (options, problem) => {
    expect(problemsOf(influxdbOptions, options)).toEqual([problem]);
  });
});

describe('a query of InfluxDB', () => {
  const stream = { step: '1h', sample: 'interval', unit: 'x' };
  it.each([
    'SELECT a FROM b WHERE time >= $from AND time < $to',
    'from(bucket: "b") |> range(start: v.timeRangeStart, stop: v.timeRangeStop)',
  ])('names the window: %s', (query) => {
    expect(problemsOf(influxdbStream, { ...stream, query })).toEqual([]);
  });
  it.each([
    'SELECT a FROM b',
    'SELECT a FROM b WHERE time > now() - 1h',
    'SELECT a FROM b WHERE time >= $from',
    'from(bucket: "b") |> range(start: -1h)',
  ])('is refused without one: %s', (query) => {
    expect(problemsOf(influxdbStream, { ...stream, query }).join()).toContain('must be limited to the window');
  });
});
