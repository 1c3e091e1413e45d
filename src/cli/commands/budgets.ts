import type { Command } from 'commander';
import { budgetAccounts, type Config, formatDurationMs, OutturnError } from '#kit';
import type { BudgetStanding } from '#src/main/budgets';
import { type CommonOptions, environmentOf, withApp, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { table } from '../table.ts';
import { unknownName } from '../unknown-name.ts';

interface Options extends CommonOptions {
  unblock?: boolean;
}

/** `outturn budgets [ACCOUNT]`: what each account may be asked, what is used of it, what holds it up. */
export function budgets(program: Command, io: Io): void {
  withCommon(
    program
      .command('budgets')
      .argument('[account]', 'one account, by its id or that of a connector that uses it')
      .description('what each account at a source may be asked, and how much of it is used')
      .option('--unblock', 'forget what the source said about its limits, and go on at once'),
    ['budgets', 'budgets sap-prod', 'budgets sap-prod --unblock', 'budgets --json'],
  ).action(async (name: string | undefined, options: Options) => {
    if (options.unblock && name === undefined)
      throw new OutturnError('usage', '--unblock takes the account: `outturn budgets <account> --unblock`.');
    const environment = environmentOf(io, options);
    await withApp(
      io,
      environment,
      async (app) => {
        const { budgetView, readBudgets } = await import('#src/main/budgets');
        const id = name === undefined ? undefined : find(app.config, name);
        const forgot = options.unblock && id !== undefined ? await app.store.budgets.unblock(id) : null;
        const standings = await readBudgets(app, id === undefined ? undefined : [id]);
        if (options.json) return printJson(io, { budgets: standings.map((each) => budgetView(each, each.status)) });
        if (forgot !== null)
          io.out(
            forgot
              ? `What its source said is forgotten: ${id} is asked again at once.\n`
              : `Nothing held ${id} up: there was nothing to forget.\n`,
          );
        print(io, standings);
      },
      { reads: true, check: (config) => void (name === undefined ? undefined : find(config, name)) },
    );
  });
}

function find(config: Config, name: string): string {
  const accounts = budgetAccounts(config);
  const found = accounts.find(({ limits, connectors }) => limits.account === name || connectors.includes(name));
  if (found !== undefined) return found.limits.account;
  throw unknownName(
    'account',
    name,
    accounts.map(({ limits }) => limits.account),
  );
}

function print(io: Io, standings: readonly BudgetStanding[]): void {
  if (standings.length === 0)
    return io.out('No connector asks a source over HTTP: there is nothing to budget. Add one below `connectors:`.');
  io.out(
    table(
      io,
      [
        { head: 'account' },
        { head: 'in use', align: 'right' },
        { head: 'last minute', align: 'right' },
        { head: 'today', align: 'right' },
        { head: 'waiting', align: 'right' },
        { head: 'connectors', wraps: true, optional: 1 },
      ],
      standings.map(({ limits, connectors, status }) => ({
        cells: [
          limits.account,
          of(io, status.inUse, limits.concurrency),
          of(io, status.usedLastMinute, status.allowedPerMinute),
          of(io, status.usedToday, limits.requestsPerDay),
          waiting(status),
          connectors.join(', '),
        ],
        note: note(io, { limits, connectors, status }),
      })),
    ),
  );
}

/** `3/120`; in yellow when it is used up. */
function of(io: Io, used: number, allowed: number | null): string {
  if (allowed === null) return String(used);
  const text = `${used}/${allowed}`;
  return used >= allowed ? io.color.yellow(text) : text;
}

function waiting({ waitingLive, waitingBackfill }: BudgetStanding['status']): string {
  if (waitingLive + waitingBackfill === 0) return '0';
  return [
    ...(waitingLive > 0 ? [`${waitingLive} live`] : []),
    ...(waitingBackfill > 0 ? [`${waitingBackfill} backfill`] : []),
  ].join(', ');
}

/** What holds it up, in words. */
function note(io: Io, { limits, status }: BudgetStanding): string | undefined {
  const parts: string[] = [];
  const left = (untilMs: number): string =>
    formatDurationMs(Math.max(1_000, Math.ceil((untilMs - Date.now()) / 1_000) * 1_000));
  if (status.blockedUntilMs !== null)
    parts.push(
      io.color.red(`blocked for ${left(status.blockedUntilMs)}: ${status.blockedReason ?? 'the source asked for it'}`),
    );
  if (limits.requestsPerDay !== null && status.usedToday >= limits.requestsPerDay)
    parts.push(
      io.color.yellow(
        `nothing more today: the next day begins at ${limits.resetsAt} (${limits.timeZone}), in ${left(status.dayEndsAtMs)}`,
      ),
    );
  if (status.easedUntilMs !== null)
    parts.push(
      `slower after a refusal: ${status.allowedPerMinute} a minute, as before in ${left(status.easedUntilMs)}`,
    );
  if (
    status.sourcePerMinute !== null &&
    (limits.requestsPerMinute === null || status.sourcePerMinute < limits.requestsPerMinute)
  )
    parts.push(`the source itself allows ${status.sourcePerMinute} a minute`);
  if (status.waitingSinceMs !== null)
    parts.push(`the longest waits since ${new Date(status.waitingSinceMs).toISOString().slice(11, 19)}Z`);
  return parts.length === 0 ? undefined : parts.join('; ');
}
