import {
  asRecord,
  type CatalogEntry,
  type ConnectorContext,
  FieldsByTable,
  guessMeasurements,
  streamIdOf,
  type TableField,
} from '#kit';
import { recordsOf } from './answer.ts';
import type { TrytonOptions } from './options.ts';
import { fetchContext, rpcRequest } from './rpc.ts';

const TYPES: Readonly<Record<string, TableField['type']>> = {
  date: 'date',
  datetime: 'datetime',
  timestamp: 'datetime',
  numeric: 'number',
  float: 'number',
  timedelta: 'number',
  many2one: 'link',
};
const FIELDS_OF_ONE_ANSWER = 5_000;

/**
 * Lines of drafts cost nothing yet. To post a move leaves its lines as they are: `changed` would miss those that were entered
 * long before, so the date of posting is the cursor.
 */
const postedOf = (move: string, ...domain: unknown[]) => ({
  domain: [[`${move}.state`, '=', 'posted'], ...domain],
  cursor: { field: `${move}.post_date`, type: 'date' },
});

/** Models whose meaning is known: streams that need no guess but for which projects they are booked on. */
const READY: Readonly<Record<string, { title: string; unit: string | null; needs: string[]; stream: object }>> = {
  'timesheet.line': {
    title: 'Hours by employee and work',
    unit: 'h',
    needs: ['date', 'duration', 'work', 'employee'],
    stream: {
      model: 'timesheet.line',
      measurements: {
        at: 'date',
        covers: '1d',
        value: 'duration:hours',
        unit: 'h',
        labels: ['work.rec_name', 'id'],
        timeZone: 'UTC',
      },
    },
  },
  'analytic_account.line': {
    title: 'Costs by analytic account, of posted moves',
    unit: null,
    needs: ['date', 'debit', 'credit', 'account', 'move_line'],
    stream: {
      model: 'analytic_account.line',
      ...postedOf('move_line.move'),
      costs: {
        sourceKey: ['id'],
        projectRef: 'account.code',
        kind: 'actual',
        amount: 'debit - credit',
        currency: 'account.company.currency.code',
        postingDate: 'date',
        pool: 'move_line.account.code',
        document: 'move_line.move.number',
      },
    },
  },
  'account.move.line': {
    title: 'Lines of posted moves; narrow them to the accounts of costs by domain',
    unit: null,
    needs: ['debit', 'credit', 'account', 'move'],
    stream: {
      model: 'account.move.line',
      ...postedOf('move', ['account.type.expense', '=', true]),
      costs: {
        sourceKey: ['id'],
        projectRef: 'account.code',
        kind: 'actual',
        amount: 'debit - credit',
        currency: 'account.company.currency.code',
        postingDate: 'move.date',
        pool: 'account.code',
        document: 'move.number',
      },
    },
  },
};

/** Fields of all models, by id and in pages. */
async function fetchFields(ctx: ConnectorContext<TrytonOptions>): Promise<FieldsByTable> {
  const rpcContext = await fetchContext(ctx);
  const models = new FieldsByTable(TYPES);
  for (let after = 0; ; ) {
    const response = await ctx.http.request(
      rpcRequest(ctx.options, 'model.ir.model.field.search_read', [
        [
          ['ttype', 'in', Object.keys(TYPES)],
          ['id', '>', after],
          // Tryton's own: users, views, logs.
          ['model.model', 'not like', 'ir.%'],
          ['model.model', 'not like', 'res.%'],
        ],
        0,
        FIELDS_OF_ONE_ANSWER,
        [['id', 'ASC']],
        ['name', 'ttype', 'model.model'],
        rpcContext,
      ]),
    );
    const records = recordsOf(response.json(), 'model ir.model.field');
    for (const record of records) models.add(asRecord(record['model.'])?.['model'], record['name'], record['ttype']);
    const last = records.at(-1)?.['id'];
    if (typeof last !== 'number' || last <= after) return models;
    after = last;
  }
}

/** Models whose meaning is known, then those that have a date and a number, each as a stream to begin with. */
export async function discoverStreams(ctx: ConnectorContext<TrytonOptions>): Promise<CatalogEntry[]> {
  const models = await fetchFields(ctx);
  const ready = Object.entries(READY).flatMap(([model, { title, unit, needs, stream }]) => {
    if (!models.hasAll(model, needs)) return [];
    return [{ id: streamIdOf(model), title: `${model}: ${title}`, unit, stream: { ...stream } }];
  });
  const guessed = models.tables().flatMap((model) => {
    const fields = models.of(model);
    // Views and wizards have no table, and so no create_date.
    const isStored = fields.some(({ name }) => name === 'create_date');
    const guess = Object.hasOwn(READY, model) || !isStored ? null : guessMeasurements(fields, 'id');
    if (guess === null) return [];
    return [{ id: streamIdOf(model), title: models.title(model), unit: null, stream: { model, ...guess } }];
  });
  return [...ready, ...guessed.sort((left, right) => (left.id < right.id ? -1 : 1))];
}
