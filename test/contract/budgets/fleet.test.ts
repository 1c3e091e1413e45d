import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BudgetLimits, BudgetStatus, FetchPurpose } from '#kit';
import { budget } from '../../factories/budget.ts';
import { pollUntil } from '../../harness/poll.ts';
import { type RunningProcess, startProcess } from '../../harness/process.ts';
import { type StoreFixture, storeFixture } from '../store/fixtures.ts';

// Real processes against a source that counts what reaches it: what the ledger says of itself proves nothing.
const hammer = new URL('./hammer.ts', import.meta.url).pathname;
let fixture: StoreFixture;
let client: Client;
beforeAll(async () => {
  fixture = await storeFixture();
  client = new Client({ connectionString: fixture.database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await fixture.close();
});

/** A source that answers by itself, or holds every request until it is told. */
let holds = false;
let arrivals: FetchPurpose[] = [];
let held: ServerResponse[] = [];
let underWay = 0;
let most = 0;
const server = createServer((request, response) => {
  arrivals.push(request.url === '/backfill' ? 'backfill' : 'live');
  underWay += 1;
  most = Math.max(most, underWay);
  // Over when the answer has gone, or its client has.
  response.once('close', () => {
    underWay -= 1;
  });
  if (holds) held.push(response);
  else setImmediate(() => response.end('ok'));
});
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  holds = false;
  arrivals = [];
  held = [];
  most = 0;
});
const processes: RunningProcess[] = [];
afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.kill()));
});

async function start(limits: BudgetLimits, requests: number, purpose: FetchPurpose = 'live'): Promise<RunningProcess> {
  const options = { databaseUrl: fixture.database.url, url, limits, purpose, requests, timeoutMs: 60_000 };
  const running = await startProcess({
    command: process.execPath,
    args: ['--conditions=outturn-source', hammer, JSON.stringify(options)],
    ready: () => true,
  });
  processes.push(running);
  return running;
}
const statusOf = async (limits: BudgetLimits): Promise<BudgetStatus> => {
  const [status] = await fixture.store.budgets.list([limits]);
  if (status === undefined) throw new Error('no status');
  return status;
};
/** As if so much time had gone by for all that is booked. */
const pass = (ms: number) =>
  client.query(
    `UPDATE budget_lease SET granted_at = granted_at - $1::interval, expires_at = expires_at - $1::interval,
       ended_at = ended_at - $1::interval, counts_until = counts_until - $1::interval`,
    [`${ms} milliseconds`],
  );

/** Each process that waits has asked once more, and waits again for as long as it was told. */
const everybodyAsked = async ({ account }: BudgetLimits): Promise<void> => {
  const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  await pollUntil('every process asked again', async () => {
    const asked = await client.query<{ all: boolean }>(
      "SELECT bool_and(expires_at - interval '10 s' > $1) AS all FROM budget_queue WHERE account = $2",
      [rows[0]?.now, account],
    );
    return asked.rows[0]?.all;
  });
};

describe('a fleet of processes at one source', () => {
  it('stays below the limits of the account, whatever each of them wants', async () => {
    const limits = budget({ account: 'hammered', concurrency: 3, requestsPerMinute: 25 });
    const fleet = await Promise.all(Array.from({ length: 4 }, () => start(limits, 20)));
    const used = (count: number) =>
      pollUntil(`${count} requests in the minute, and none under way`, async () => {
        const status = await statusOf(limits);
        return arrivals.length >= count && status.inUse === 0 && status.waitingLive === 80 - arrivals.length;
      });
    await used(25);
    expect(arrivals).toHaveLength(25);
    await pass(40_000);
    await everybodyAsked(limits);
    expect(arrivals).toHaveLength(25);
    await pass(21_000);
    await used(50);
    expect(arrivals).toHaveLength(50);
    await pass(61_000);
    await used(75);
    await pass(61_000);
    await pollUntil('all have what they wanted', () => fleet.every((each) => each.exited()));
    expect(fleet.map((each) => each.output())).toEqual(Array(4).fill('done\n'));
    expect(arrivals).toHaveLength(80);
    expect(most).toBeLessThanOrEqual(3);
    expect(await statusOf(limits)).toMatchObject({ inUse: 0, waitingLive: 0, usedToday: 80 });
  });

  it('gets the slots of a process that was killed back', async () => {
    const limits = budget({ account: 'killed', concurrency: 3 });
    holds = true;
    const doomed = await start(limits, 3);
    await pollUntil('it holds every slot', () => held.length === 3);
    const heir = await start(limits, 2);
    await pollUntil('the other one waits', async () => (await statusOf(limits)).waitingLive === 2);
    await doomed.kill();
    holds = false;
    expect(await statusOf(limits)).toMatchObject({ inUse: 3, waitingLive: 2 });
    // Time-out and margin.
    await pass(76_000);
    await pollUntil('the other one is done', () => heir.exited());
    expect(heir.output()).toBe('done\n');
    expect(await statusOf(limits)).toMatchObject({ inUse: 0, waitingLive: 0 });
  });

  it('serves live requests of any process before the backfill that has waited longer', async () => {
    const limits = budget({ account: 'yielding', concurrency: 1 });
    holds = true;
    await start(limits, 1);
    await pollUntil('the slot is taken', () => held.length === 1);
    const backfill = await start(limits, 3, 'backfill');
    await pollUntil('the backfill waits', async () => (await statusOf(limits)).waitingBackfill === 3);
    const live = await start(limits, 4);
    await pollUntil('live requests wait', async () => (await statusOf(limits)).waitingLive === 4);
    holds = false;
    for (const response of held) response.end('ok');
    await pollUntil('both are done', () => live.exited() && backfill.exited());
    expect(arrivals).toEqual(['live', 'live', 'live', 'live', 'live', 'backfill', 'backfill', 'backfill']);
    expect(most).toBe(1);
  });
});
