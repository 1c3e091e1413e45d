import { describe, expect, it } from 'vitest';
import { goodYaml, loadFiles } from '../../test/factories/config.ts';

/** The good configuration with lines put below `kind: meter`, and accounts before everything. */
const withAccounts = (accounts: string, ...lines: string[]) =>
  loadFiles({
    'outturn.yaml': goodYaml.replace(
      '    kind: meter\n',
      `    kind: meter\n${lines.map((line) => `    ${line}\n`).join('')}`,
    ),
    'accounts.yaml': accounts,
  });

describe('accounts and budgets', () => {
  it('an account gives its limits to every connector that names it', async () => {
    const { config, lines } = await withAccounts(
      'accounts:\n  sap-prod: { requestsPerMinute: 120, requestsPerDay: 50000, resetsAt: 00:30, timeZone: UTC }\n',
      'account: sap-prod',
    );
    expect(lines).toEqual([]);
    expect(config?.connectors[0]?.http.budget).toEqual({
      account: 'sap-prod',
      requestsPerMinute: 120,
      concurrency: 2,
      requestsPerDay: 50_000,
      resetsAt: '00:30',
      timeZone: 'UTC',
    });
  });

  it('a connector has a budget to itself, also when none is written', async () => {
    const own = await withAccounts('', 'budget: { requestsPerDay: 10, concurrency: 7 }');
    expect(own.config?.connectors[0]?.http.budget).toEqual({
      account: 'connector:shop',
      requestsPerMinute: null,
      concurrency: 7,
      requestsPerDay: 10,
      resetsAt: '00:00',
      timeZone: 'Europe/Berlin',
    });
    const none = await withAccounts('');
    expect(none.config?.connectors[0]?.http.budget).toMatchObject({ concurrency: 2, requestsPerMinute: null });
  });

  it.each<[string, string, string[], RegExp]>([
    [
      'an account that is not there, with the near miss',
      'accounts:\n  sap-prod: {}\n',
      ['account: sap-prd'],
      /connectors\.shop\.account: there is no account "sap-prd"; known: sap-prod \(did you mean "sap-prod"\?\)/,
    ],
    [
      'account and budget at once',
      'accounts:\n  sap-prod: {}\n',
      ['account: sap-prod', 'budget: { concurrency: 1 }'],
      /connectors\.shop\.budget: account and budget exclude each other/,
    ],
    ['an account that nobody names', 'accounts:\n  idle: {}\n', [], /warning accounts\.idle: no connector names/],
    [
      'a time that is none',
      'accounts:\n  sap-prod: { resetsAt: 24:00 }\n',
      ['account: sap-prod'],
      /accounts\.sap-prod\.resetsAt: expected a time of day such as "00:00"/,
    ],
    [
      'limits that cannot be',
      'accounts:\n  sap-prod: { concurrency: 0, requestsPerMinute: 0 }\n',
      ['account: sap-prod'],
      /accounts\.sap-prod\.concurrency: /,
    ],
  ])('%s is told', async (_what, accounts, written, line) => {
    const { lines } = await withAccounts(accounts, ...written);
    expect(lines.join('\n')).toMatch(line);
  });
});
