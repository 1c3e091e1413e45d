import type { Command } from 'commander';
import { type DeliveryRow, type DeliveryState, OutturnError, type Store } from '#kit';
import { deliveryView } from '#src/main/job-view';
import { settleDelivery } from '#src/main/settle-delivery';
import { type CommonOptions, withCommon } from '../command.ts';
import { type Io, printJson } from '../io.ts';
import { withStore } from '../look-up.ts';
import { MATCHES, oneOf } from '../one-of.ts';
import { person } from '../person.ts';
import { table } from '../table.ts';
import { age, instantWords, limitOption } from '../times.ts';
import { requireWord } from '../unknown-name.ts';

const states: readonly DeliveryState[] = ['pending', 'sending', 'sent', 'failed', 'unknown'];

interface ListOptions extends CommonOptions {
  state?: string;
  subscription?: string;
  limit: string;
}

/** `outturn deliveries [ID]`: which messages left, and which nobody knows about. */
export function deliveries(program: Command, io: Io): void {
  const group = withCommon(
    program
      .command('deliveries')
      .argument('[id]', 'one message with all that is known; the beginning of its id is enough')
      .description('list messages, newest first; settle those of unknown outcome')
      .option('--state <state>', states.join(', '))
      .option('--subscription <id>', 'of one subscription')
      .option('--limit <n>', 'at most so many', '20')
      .enablePositionalOptions(),
    ['deliveries', 'deliveries --state unknown', 'deliveries 0d6f3a21', 'deliveries settle 0d6f3a21 --sent'],
  ).action(async (id: string | undefined, options: ListOptions) => {
    const state = options.state === undefined ? undefined : requireWord('delivery state', options.state, states);
    const limit = limitOption(options.limit);
    const { subscription } = options;
    await withStore(io, options, async (store) => {
      if (id !== undefined) return show(io, await findDelivery(store, id), options.json === true);
      const rows = await store.deliveries.search({ state, subscription, limit });
      if (options.json) return printJson(io, rows.map(deliveryView));
      if (rows.length > 0) return io.out(list(io, rows));
      io.out(
        state === undefined && subscription === undefined
          ? 'No message yet. `outturn digest send SUBSCRIPTION --test` sends one.'
          : 'No message matches.',
      );
    });
  });
  settle(group, io);
}

async function findDelivery(store: Store, id: string): Promise<DeliveryRow> {
  const matches = await store.deliveries.find(id, MATCHES);
  return oneOf({ what: 'delivery', id, list: 'outturn deliveries' }, matches, (row) => row.id);
}

function paint(io: Pick<Io, 'color'>, state: DeliveryState): string {
  if (state === 'sent') return io.color.green(state);
  if (state === 'unknown') return io.color.yellow(state);
  return state === 'failed' ? io.color.red(state) : state;
}

function list(io: Io, rows: readonly DeliveryRow[]): string {
  const nowMs = Date.now();
  return table(
    io,
    [
      { head: 'message' },
      { head: 'state' },
      { head: 'age', align: 'right' },
      { head: 'channel' },
      { head: 'to', wraps: true },
      { head: 'digest', wraps: true, optional: 1 },
      { head: 'tries', align: 'right', optional: 2 },
    ],
    rows.map((row) => ({
      cells: [
        row.id.slice(0, 8),
        paint(io, row.state),
        age(nowMs - row.createdAtMs),
        row.channel,
        row.recipientName === row.address ? row.address : `${row.recipientName} ${row.address}`,
        `${row.subscription} ${row.slot}`,
        String(row.attempts),
      ],
      note: row.errorCode === null ? undefined : `${io.color.red(row.errorCode)}: ${row.errorMessage ?? ''}`,
    })),
  );
}

function show(io: Io, row: DeliveryRow, json: boolean): void {
  if (json) return printJson(io, deliveryView(row));
  const fields: [string, string | null][] = [
    ['message', row.id],
    ['to', `${row.recipientName} ${row.address} (${row.channel})`],
    ['digest', `${row.subscription} ${row.slot}${row.test ? ', a test' : ''}`],
    ['state', paint(io, row.state)],
    ['error', row.errorCode === null ? null : `${io.color.red(row.errorCode)}: ${row.errorMessage ?? ''}`],
    ['sent as', row.messageId],
    ['tries', String(row.attempts)],
    ['created', instantWords(row.createdAtMs)],
    ['changed', instantWords(row.updatedAtMs)],
    [
      'settled',
      row.settledAtMs === null
        ? null
        : `${instantWords(row.settledAtMs)} by ${row.settledBy}${row.settleReason === null ? '' : `: ${row.settleReason}`}`,
    ],
  ];
  for (const [name, value] of fields) if (value !== null) io.out(`${io.color.dim(name.padEnd(10))} ${value}`);
  if (row.state === 'unknown')
    io.out(
      `\n→ Ask ${row.recipientName} whether it arrived, then \`outturn deliveries settle ${row.id.slice(0, 8)} --sent\` or \`--not-sent\`.`,
    );
}

interface SettleOptions extends CommonOptions {
  sent?: boolean;
  notSent?: boolean;
  reason?: string;
}

function settle(group: Command, io: Io): void {
  withCommon(
    group
      .command('settle')
      .argument('<id>', 'a message of unknown outcome; the beginning of its id is enough')
      .description('say whether a message arrived, where no channel can tell')
      .option('--sent', 'it arrived: it is not sent again')
      .option('--not-sent', 'it did not arrive: it is sent now')
      .option('--reason <text>', 'how that is known, kept with the message'),
    ['deliveries settle 0d6f3a21 --sent --reason "asked on the phone"', 'deliveries settle 0d6f3a21 --not-sent'],
  ).action(async (id: string, options: SettleOptions) => {
    if ((options.sent === true) === (options.notSent === true))
      throw new OutturnError('usage', 'Say either --sent or --not-sent.', {
        hint: 'Ask the recipient first: what is sent again may arrive twice.',
      });
    const arrived = options.sent === true;
    await withStore(io, options, async (store) => {
      const row = await findDelivery(store, id);
      const verdict = { arrived, by: person(), reason: options.reason ?? null };
      const { delivery, jobId } = await settleDelivery(store, row, verdict);
      if (options.json) return printJson(io, { ...deliveryView(delivery), jobId });
      const name = `${delivery.channel} to ${delivery.address} ${io.color.dim(delivery.id.slice(0, 8))}`;
      io.out(`${io.color.green('✓')} ${name} ${arrived ? 'counts as sent' : 'is sent now'}`);
      if (jobId !== null)
        io.out(`→ \`outturn jobs ${jobId.slice(0, 8)}\` shows what becomes of it; a worker must run.`);
    });
  });
}
