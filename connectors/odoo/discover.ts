import {
  type CatalogEntry,
  type ConnectorContext,
  FieldsByTable,
  guessMeasurements,
  streamIdOf,
  type TableField,
} from '#kit';
import { recordsOf } from './answer.ts';
import type { OdooOptions } from './options.ts';
import { openClient } from './rpc.ts';

const TYPES: Readonly<Record<string, TableField['type']>> = {
  date: 'date',
  datetime: 'datetime',
  float: 'number',
  monetary: 'number',
  many2one: 'link',
};
const FIELDS_OF_ONE_ANSWER = 5_000;

/** Streams whose meaning is known; of those with the same model each is offered where its fields are there. */
const READY: readonly {
  id: string;
  title: string;
  unit: string | null;
  needs: string[];
  stream: Record<string, unknown> & { model: string };
}[] = [
  {
    id: 'timesheets',
    title: 'Hours by project and task',
    unit: 'h',
    needs: ['date', 'unit_amount', 'project_id', 'task_id'],
    stream: {
      model: 'account.analytic.line',
      domain: [['project_id', '!=', false]],
      measurements: {
        at: 'date',
        covers: '1d',
        value: 'unit_amount',
        unit: 'h',
        labels: ['project_id.name', 'id'],
        timeZone: 'UTC',
      },
    },
  },
  {
    id: 'analytic-costs',
    title:
      'Costs by analytic account, hours included; all at each pull, for an entry that is reset to draft deletes its lines',
    unit: null,
    needs: ['date', 'amount', 'account_id', 'currency_id', 'general_account_id'],
    stream: {
      model: 'account.analytic.line',
      // Revenue stands among them, with the other sign; hours have no account.
      domain: ['|', ['general_account_id', '=', false], ['general_account_id.internal_group', '=', 'expense']],
      cursor: 'none',
      costs: {
        sourceKey: ['id'],
        projectRef: 'account_id.name',
        kind: 'actual',
        amount: '- amount',
        currency: 'currency_id.name',
        postingDate: 'date',
        pool: 'general_account_id.name',
        text: 'name',
      },
    },
  },
  {
    id: 'journal-items',
    title: 'Posted journal items of expense accounts; narrow them to those of the project by domain',
    unit: null,
    needs: ['date', 'balance', 'account_id', 'company_currency_id', 'parent_state'],
    stream: {
      model: 'account.move.line',
      domain: [
        ['parent_state', '=', 'posted'],
        ['account_id.internal_group', '=', 'expense'],
      ],
      costs: {
        sourceKey: ['id'],
        projectRef: 'account_id.name',
        kind: 'actual',
        amount: 'balance',
        currency: 'company_currency_id.name',
        postingDate: 'date',
        pool: 'account_id.name',
        document: 'move_id.name',
        text: 'name',
      },
    },
  },
];

/** Stored fields of all models, by id and in pages. */
async function fetchFields(ctx: ConnectorContext<OdooOptions>): Promise<FieldsByTable> {
  const client = await openClient(ctx);
  const models = new FieldsByTable(TYPES);
  for (let after = 0; ; ) {
    const answer = await ctx.http.request(
      client.request('ir.model.fields', 'search_read', {
        domain: [
          ['id', '>', after],
          ['store', '=', true],
          ['model_id.transient', '=', false],
          ['ttype', 'in', Object.keys(TYPES)],
        ],
        fields: ['id', 'model', 'name', 'ttype'],
        order: 'id',
        limit: FIELDS_OF_ONE_ANSWER,
      }),
    );
    const records = recordsOf(answer.json(), ctx.options.api, 'model ir.model.fields');
    for (const { model, name, ttype } of records) models.add(model, name, ttype);
    const last = records.at(-1)?.['id'];
    if (typeof last !== 'number' || last <= after) return models;
    after = last;
  }
}

/** Models whose meaning is known, then those that have a date and a number, each as a stream to begin with. */
export async function discoverStreams(ctx: ConnectorContext<OdooOptions>): Promise<CatalogEntry[]> {
  const models = await fetchFields(ctx);
  const ready = READY.flatMap(({ id, title, unit, needs, stream }) => {
    return models.hasAll(stream.model, needs)
      ? [{ id, title: `${stream.model}: ${title}`, unit, stream: { ...stream } }]
      : [];
  });
  const known = new Set(ready.map(({ stream }) => stream.model));
  const guessed = models.tables().flatMap((model) => {
    const fields = models.of(model);
    const guess = known.has(model) || /^(ir|res|base|mail|bus)\./.test(model) ? null : guessMeasurements(fields, 'id');
    if (guess === null) return [];
    // Reports have no table of their own, and no time of change.
    const cursor = fields.some(({ name }) => name === 'write_date') ? {} : { cursor: 'none' };
    return [{ id: streamIdOf(model), title: models.title(model), unit: null, stream: { model, ...cursor, ...guess } }];
  });
  return [...ready, ...guessed.sort((left, right) => (left.id < right.id ? -1 : 1))];
}
