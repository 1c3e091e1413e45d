import { describe, expect, it } from 'vitest';
import { goodYaml, loadFiles, SECRET, spoil } from '../../test/factories/config.ts';

/** 1-based line of the good configuration that holds a text. */
const lineOf = (text: string): number => goodYaml.slice(0, goodYaml.indexOf(text)).split('\n').length;

describe('each mistake is named with file, line and column', () => {
  it.each([
    [
      'an unknown key, with the near miss',
      'discountRate: 8 %',
      'discuontRate: 8 %',
      /^outturn\.yaml:20:5 projects\.checkout\.discuontRate: unknown key "discuontRate".*did you mean "discountRate"\?/m,
    ],
    [
      'an unknown key of a connector kind, with the near miss',
      'step: 1h',
      'step: 1h, pionts: 5',
      /:10:\d+ connectors\.shop\.streams\.failures\.pionts: unknown key.*did you mean "points"/m,
    ],
    [
      'an unknown key at the top of a file',
      'connectors:',
      'conectors:',
      /^outturn\.yaml:4:1 conectors: .*did you mean "connectors"/m,
    ],
    [
      'an unknown connector kind, with the list and the near miss',
      'kind: meter',
      'kind: metre',
      /^outturn\.yaml:6:11 connectors\.shop\.kind: unknown connector kind "metre"; known: meter or ledger \(did you mean "meter"\?\)/m,
    ],
    [
      'a key that a kind without HTTP does not have',
      'kind: ledger',
      'kind: ledger\n    url: http://x',
      /books\.url: unknown key "url"/,
    ],
    [
      'a missing address',
      '    url: http://127.0.0.1:9090\n',
      '',
      /^outturn\.yaml:5:\d+ connectors\.shop\.url: is required/m,
    ],
    [
      'a currency without a rate',
      'amount: 1000 }',
      'amount: 1000, currency: CHF }',
      /^outturn\.yaml:23:\d+ projects\.checkout\.costs\.lines\[0\]\.currency: no exchange rate from CHF to EUR on 2026-06-02/m,
    ],
    [
      'a currency that does not exist',
      'currency: EUR',
      'currency: EURO',
      /^outturn\.yaml:18:15 .*ISO 4217.*found "EURO" \(did you mean "EUR"/m,
    ],
    [
      'a value of a unit in a currency without a rate',
      'amount: 4.50',
      'amount: 4.50, currency: USD',
      /rates\[0\]\.currency: no exchange rate from USD to EUR on 2026-07-01/,
    ],
    [
      'overlapping rates, both of them',
      '[{ from: 2026-01-01, amount: 4.50 }]',
      '[{ from: 2026-01-01, to: 2027-01-01, amount: 4 }, { from: 2026-12-31, amount: 5 }]',
      /^outturn\.yaml:31:\d+ .*rates\[1\]\.from: starts on 2026-12-31, but overlaps rates\[0\], which holds from 2026-01-01 until 2027-01-01/m,
    ],
    [
      'a rate that ends before it starts',
      'from: 2026-01-01, amount: 4.50',
      'from: 2026-01-01, to: 2025-01-01, amount: 4',
      /rates\[0\]\.to: ends on 2025-01-01, which is not after its start/,
    ],
    [
      'a benefit before its project',
      'startsOn: 2026-07-01',
      'startsOn: 2026-05-01',
      /^outturn\.yaml:32:\d+ .*startsOn: the benefit starts on 2026-05-01, before the project starts on 2026-06-01/m,
    ],
    [
      'a baseline that ends before it starts',
      '{ value: 100 }',
      '{ from: 2026-07-01, to: 2026-06-15 }',
      /^outturn\.yaml:30:\d+ .*baseline\.to: the baseline ends on 2026-06-15/m,
    ],
    [
      'a benefit that starts inside its baseline',
      '{ value: 100 }',
      '{ from: 2026-06-01, to: 2026-08-01 }',
      /startsOn: the benefit starts on 2026-07-01, before the baseline ends on 2026-08-01/,
    ],
    [
      'a date that no calendar has',
      'startsOn: 2026-06-01',
      'startsOn: 2026-02-30',
      /^outturn\.yaml:19:15 .*found "2026-02-30"/m,
    ],
    [
      'a time zone that does not exist',
      'timeZone: Europe/Berlin',
      'timeZone: Europe/Berln',
      /^outturn\.yaml:2:13 .*did you mean "Europe\/Berlin"/m,
    ],
    [
      'a share above the whole',
      'baseline: { value: 100 }',
      'baseline: { value: 100 }\n        attribution: 80',
      /^outturn\.yaml:31:22 .*attribution: expected a share between 0 % and 100 %, written 80 % or 0\.8, found 80/m,
    ],
    [
      'a connector that is not there',
      'source: { connector: shop',
      'source: { connector: shap',
      /^outturn\.yaml:29:\d+ .*there is no connector "shap"; known: shop or books \(did you mean "shop"\?\)/m,
    ],
    [
      'a stream that is not there',
      'shop, stream: failures',
      'shop, stream: failurs',
      /^outturn\.yaml:29:\d+ .*the connector "shop" has no stream "failurs".*did you mean "failures"/m,
    ],
    [
      'costs asked of a stream of measurements',
      'connector: books, stream: costs',
      'connector: shop, stream: failures',
      /the stream "failures" gives measurements, but costs are needed here/,
    ],
    [
      'measurements asked of a stream of costs',
      'connector: shop, stream: failures',
      'connector: books, stream: costs',
      /the stream "costs" gives costs, but measurements are needed here/,
    ],
    [
      'a stakeholder that is not there',
      'stakeholder: sponsor',
      'stakeholder: sponsr',
      /there is no stakeholder "sponsr".*did you mean "sponsor"/,
    ],
    ['a stakeholder who cannot be reached that way', 'channel: email', 'channel: slack', /has no slackId/],
    [
      'a channel that nothing is set up for',
      /\n {2}smtp: .*/,
      '',
      /nothing can be sent by email: settings\.smtp is missing/,
    ],
    [
      'a project that is not there',
      'project: checkout,',
      'project: chekout,',
      /there is no project "chekout".*did you mean "checkout"/,
    ],
    [
      'a cron expression with too few fields',
      '"0 8 * * 1"',
      '"0 8 * *"',
      /subscriptions\.weekly\.schedule: expected a cron expression/,
    ],
    [
      'a duration without a unit',
      'step: 1h',
      'step: 60',
      /step: expected a duration longer than zero such as .*, found 60/,
    ],
    [
      'credentials in an address',
      'http://127.0.0.1:9090',
      'http://me:another-pass@127.0.0.1:9090',
      /url: expected .* without user and password.*, found "http:\/\/…@127/,
    ],
    [
      'a text where a list belongs',
      '[{ date: 2026-06-02, amount: 1000 }]',
      '1000',
      /costs\.lines: expected a list, found 1000/,
    ],
    [
      'an unknown kind of auth',
      'kind: bearer',
      'kind: baerer',
      /auth\.kind: expected one of none, basic, bearer.*did you mean "bearer"/,
    ],
    [
      'a denominator at a flow',
      '{ value: 100 }',
      '{ value: 100 }\n        exposure: 10',
      /exposure: belongs to ratio and percentile metrics only; this one is a flow/,
    ],
    [
      'a baseline that is both a value and a window',
      '{ value: 100 }',
      '{ value: 100, from: 2026-06-01, to: 2026-06-20 }',
      /baseline: expected either value, or from and to: not both/,
    ],
    [
      'an id with capitals',
      '  checkout:\n',
      '  Checkout:\n',
      /^outturn\.yaml:16:3 projects\.Checkout: expected an id/m,
    ],
    [
      'a number that must stand in quotes',
      'projectRef: P-1',
      'projectRef: 1001',
      /projectRef: expected a text \(put it in quotes\), found 1001/,
    ],
    [
      'a typo inside a form that has several',
      '{ value: 100 }',
      '{ value: 100 }\n        exposure: { connector: shop, streem: failures }',
      /exposure\.streem: unknown key "streem".*did you mean "stream"/,
    ],
    [
      'a typo inside the form that was meant, of two',
      '{ value: 100 }',
      '{ value: 100 }\n        counterfactual: { control: { connector: shop, method: rato } }',
      /^outturn\.yaml:31:\d+ .*counterfactual\.control\.stream: is required.*\n.*control\.method: expected one of ratio or difference, found "rato" \(did you mean "ratio"\?\)$/m,
    ],
    [
      'a certificate file that is not there',
      'kind: meter',
      'kind: meter\n    tls: { caFile: ca.pem }',
      /^outturn\.yaml:7:\d+ connectors\.shop\.tls\.caFile: the certificate file cannot be read: there is no such file/m,
    ],
  ])('%s', async (_what, from, to, expected) => {
    const { config, lines } = await loadFiles(spoil(from, to));
    expect(lines.join('\n')).toMatch(expected);
    expect(lines.join('\n')).not.toContain(SECRET);
    expect(config).toBeNull();
  });

  it('a missing environment variable, with the place, and nothing about the value that follows from it', async () => {
    const { lines, config } = await loadFiles(
      { 'outturn.yaml': goodYaml },
      { env: { SHOP_TOKEN: undefined, SHOP_TOKENS: 'x' } },
    );
    expect(lines).toEqual([
      `outturn.yaml:${lineOf('auth:')}:34 connectors.shop.auth.token: the environment variable SHOP_TOKEN is not set; set it, or write \${env:SHOP_TOKEN:-default} (did you mean "SHOP_TOKENS"?)`,
    ]);
    expect(config).toBeNull();
  });

  it('what the schedule adapter says about a cron expression', async () => {
    const { lines } = await loadFiles(spoil('"0 8 * * 1"', '"99 8 * * 1"'), {
      validateCron: (expression) => (expression.startsWith('99') ? 'minute 99 does not exist' : null),
    });
    expect(lines).toEqual([expect.stringMatching(/^outturn\.yaml:36:\d+ subscriptions\.weekly\.schedule: minute 99/)]);
  });

  it('a metric with rates and no baseline; without rates it is only tracked, which is a warning', async () => {
    const { config, problems } = await loadFiles(spoil('        baseline: { value: 100 }\n', ''));
    expect(problems).toMatchObject([
      { code: 'value/no-baseline', severity: 'error', line: 25, path: 'projects.checkout.metrics.failures' },
    ]);
    expect(config).toBeNull();
    const tracked = await loadFiles(
      spoil('        baseline: { value: 100 }\n        rates: [{ from: 2026-01-01, amount: 4.50 }]\n', ''),
    );
    expect(tracked.problems).toMatchObject([{ code: 'value/no-baseline', severity: 'warning', line: 25 }]);
    expect(tracked.config?.projects[0]?.metrics[0]).toMatchObject({ baseline: null, rates: [] });
  });

  it('a unit that is not the stored one', async () => {
    const { config, problems } = await loadFiles(spoil('        unit: failures\n', '        unit: orders\n'));
    expect(problems).toMatchObject([{ code: 'source/unit-mismatch', severity: 'error', line: 27 }]);
    expect(config).toBeNull();
  });

  it('an address for links without the token that signs them is only a warning', async () => {
    const settings = (more: string) => ({
      'outturn.yaml': goodYaml,
      'settings.yaml': `settings:\n${more}`,
    });
    const { config, problems } = await loadFiles(settings('  publicUrl: https://outturn.example.com\n'));
    expect(problems).toMatchObject([
      {
        file: expect.stringContaining('settings.yaml'),
        line: 2,
        severity: 'warning',
        path: 'settings.publicUrl',
        message: expect.stringContaining('settings.api.token'),
      },
    ]);
    expect(config?.settings.publicUrl).toBe('https://outturn.example.com');
    const signed = settings('  publicUrl: https://outturn.example.com\n  api: { token: of-this-test }\n');
    const [plain, ...rest] = (await loadFiles(signed)).problems;
    expect(rest).toEqual([]);
    expect(plain).toMatchObject({
      code: 'config/plain-secret',
      severity: 'warning',
      line: 3,
      path: 'settings.api.token',
      message: expect.not.stringContaining('of-this-test'),
    });
    const outside = signed['settings.yaml'].replace('of-this-test', '"${secret:api-token}"');
    expect((await loadFiles({ ...signed, 'settings.yaml': outside })).problems).toEqual([]);
  });

  it('all at once, sorted by place', async () => {
    const yaml = goodYaml
      .replace('kind: meter', 'kind: metre')
      .replace('8 %', 'x')
      .replace('kind: flow', 'kind: flood');
    const { problems } = await loadFiles({ 'outturn.yaml': yaml });
    expect(problems.map((problem) => problem.line)).toEqual([6, 20, 26]);
  });
});
