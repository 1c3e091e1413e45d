import { describe, expect, it } from 'vitest';
import { type PushedSeries, parseSelector, type RawPage, seriesSelector } from '#kit';
import { configOf } from '../../test/contract/connectors/connector-config.ts';
import { push } from './index.ts';

const problemsOf = (yaml: string): Promise<string> =>
  configOf(push, yaml, {}).then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
const connector = (stream: string, more = ''): string =>
  `connectors:\n  shop:\n    kind: push\n    token: a-token-of-this-test\n${more}    streams:\n      s: ${stream}\n`;

describe('a push connector in YAML', () => {
  it('has nothing that says when and from where on to pull, and each such key is named', async () => {
    const text = await problemsOf(
      connector('{ accepts: measurements, unit: h, lookback: 2d }', '    schedule: "0 * * * *"\n    since: 90d\n'),
    );
    expect(text.split('\n').filter((line) => !line.includes('a secret stands in the file'))).toHaveLength(3);
    for (const key of ['schedule', 'since', 'lookback'])
      expect(text).toContain(`this one sends by itself, so take "${key}" out`);
  });

  it('refuses a token that is easily guessed, without showing it', async () => {
    const text = await problemsOf(connector('{ accepts: costs }').replace('a-token-of-this-test', 'guess me'));
    expect(text).toContain('connectors.shop.token: expected at least 12 characters without a space');
    expect(text).not.toContain('guess me');
  });

  it('says what is wrong with a stream of Prometheus series', async () => {
    const stream = (changes: string) =>
      `{ accepts: prometheus, as: increase, step: 1h, unit: failures, match: up, ${changes} }`;
    expect(await problemsOf(connector(stream('combine: sum')))).toBe('');
    expect(await problemsOf(connector(stream('').replace('match: up', 'match: \'{env=~"("}\'')))).toContain(
      'streams.s.match: expected a selector',
    );
    expect(await problemsOf(connector(stream('').replace('step: 1h', 'step: 7h')))).toContain(
      'a part of a day from 1m to 1d',
    );
    expect(await problemsOf(connector(stream('sourceUnit: s').replace('unit: failures', 'unit: kg')))).toContain(
      'cannot be converted',
    );
  });
});

describe('a selector of series', () => {
  const selects = (text: string, labels: Record<string, string>): boolean =>
    seriesSelector(parseSelector(text) ?? [])(labels);

  it.each([
    ['up', { __name__: 'up' }, true],
    ['up', { __name__: 'ups' }, false],
    ['up{env="prod"}', { __name__: 'up', env: 'prod' }, true],
    ['up{env="prod"}', { __name__: 'up' }, false],
    ['up{env!="prod"}', { __name__: 'up' }, true],
    ['up{env=~"pro.", }', { __name__: 'up', env: 'prod' }, true],
    ['up{env=~"pro"}', { __name__: 'up', env: 'prod' }, false],
    ['up{env!~"test|dev"}', { __name__: 'up', env: 'dev' }, false],
    ['up{env=~"(?i)PROD"}', { __name__: 'up', env: 'prod' }, true],
    ['{__name__=~"orders_.*",shop!=""}', { __name__: 'orders_total', shop: 'a' }, true],
    ['{"a.metric", "a.label"="x"}', { __name__: 'a.metric', 'a.label': 'x' }, true],
    ["up{path='a\"b\\\\c'}", { __name__: 'up', path: 'a"b\\c' }, true],
  ] as const)('%s of %j: %s', (text, labels, expected) => {
    expect(selects(text, labels)).toBe(expected);
  });

  it.each(['', '{}', '{env!="x"}', 'up{env=prod}', 'up{', 'up{a="1" b="2"}', 'rate(up[5m])', 'up{env=~"["}'])(
    'refuses %s',
    (text) => {
      expect(parseSelector(text)).toBeNull();
    },
  );
});

describe('an archived step', () => {
  const stream: PushedSeries = {
    accepts: 'prometheus',
    match: [],
    as: 'increase',
    step: 60_000,
    labels: [],
    combine: 'sum',
    unit: 's',
    sourceUnit: 'ms',
    settle: 0,
    late: 0,
    maxSeries: 1,
  };
  const page = (
    body: string,
    meta: Record<string, unknown> = { format: 'prometheus-step', fromMs: 0, toMs: 60_000 },
  ): RawPage => ({
    body,
    contentType: 'application/x-ndjson',
    request: { method: 'POST', url: '/' },
    receivedAtMs: 0,
    meta,
  });
  const parse = (one: RawPage) => {
    const options = { token: 't', requestsPerMinute: 1, maxBody: 1, maxClockSkew: 0, replicaLabels: [] };
    return push.parse(one, { options, stream, streamId: 's', extract: { evaluate: async () => null } });
  };

  it('gives the same measurement again, in the unit of the stream', () => {
    const body =
      '{"labels":{},"before":null,"beforeValue":[-1000,500],"samples":[[1000,700],[2000,null],[3000,1500]]}\n';
    expect(parse(page(body))).toEqual({
      measurements: [{ labels: {}, unit: 's', atMs: 0, durationMs: 60_000, value: 1, status: 'final' }],
      costs: [],
      warnings: [],
    });
  });

  it.each([
    ['{"labels":{},"before":null,"beforeValue":null,"samples":[[1000]]}'],
    ['{"labels":{"a":1},"before":null,"beforeValue":null,"samples":[]}'],
    ['{"labels":{},"before":null,"beforeValue":null,"samples":[[1000,1'],
    ['[]'],
    ['null'],
  ])('that is spoilt is a typed error: %s', (body) => {
    expect(() => parse(page(body))).toThrow(expect.objectContaining({ code: 'source/bad-shape' }));
  });

  it('of another stream definition says so', () => {
    expect(() => parse(page('[]', { format: 'json' }))).toThrow(/accepts prometheus now/);
    expect(() => parse(page('', { format: 'prometheus-step' }))).toThrow(/which step/);
  });
});
