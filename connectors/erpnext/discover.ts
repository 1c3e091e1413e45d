import {
  asOutturnError,
  type CatalogEntry,
  type ConnectorContext,
  FieldsByTable,
  guessMeasurements,
  streamIdOf,
  type TableField,
} from '#kit';
import type { ErpnextOptions } from './options.ts';
import { listRequest, readList } from './requests.ts';

const TYPES: Readonly<Record<string, TableField['type']>> = {
  Date: 'date',
  Datetime: 'datetime',
  Float: 'number',
  Currency: 'number',
  Link: 'link',
};
const ROWS_OF_ONE_ANSWER = 5_000;

/** DocTypes whose meaning is known. */
const READY: Readonly<Record<string, { title: string; unit: string | null; needs: string[]; stream: object }>> = {
  'GL Entry': {
    title: 'Postings of the general ledger by project; narrow them to the accounts of costs by filters',
    unit: null,
    needs: ['posting_date', 'debit_in_account_currency', 'credit_in_account_currency', 'project', 'account'],
    stream: {
      doctype: 'GL Entry',
      // Cancelled entries and their reversals come both, and cancel each other.
      filters: [['project', 'is', 'set']],
      costs: {
        sourceKey: ['name'],
        projectRef: 'project',
        kind: 'actual',
        // Debit and credit alone are in the currency of the company, which no field of the row tells.
        amount: 'debit_in_account_currency - credit_in_account_currency',
        currency: 'account_currency',
        postingDate: 'posting_date',
        pool: 'account',
        document: 'voucher_no',
      },
    },
  },
  'Timesheet Detail': {
    title: 'Hours by project and activity',
    unit: 'h',
    needs: ['from_time', 'hours', 'project', 'activity_type'],
    stream: {
      doctype: 'Timesheet Detail',
      parentDoctype: 'Timesheet',
      filters: [['docstatus', '=', 1]],
      measurements: {
        at: 'from_time',
        covers: '0s',
        value: 'hours',
        unit: 'h',
        labels: ['project', 'activity_type', 'name'],
        timeZone: 'UTC',
      },
    },
  },
  'Purchase Invoice': {
    title:
      'Purchase invoices by project, all of them at each pull: cancelled ones are withdrawn; the ledger has them too',
    unit: null,
    needs: ['posting_date', 'net_total', 'project', 'currency'],
    stream: {
      doctype: 'Purchase Invoice',
      filters: [
        ['docstatus', '=', 1],
        ['project', 'is', 'set'],
      ],
      cursor: 'none',
      costs: {
        sourceKey: ['name'],
        projectRef: 'project',
        kind: 'actual',
        amount: 'net_total',
        currency: 'currency',
        postingDate: 'posting_date',
        document: 'name',
      },
    },
  },
};

/**
 * The ledger by the tree of expense accounts that each company has: an invoice posts its project to the creditor as well, and
 * both sides would cancel each other. As it stands where the accounts may not be read.
 */
async function ledgers(ctx: ConnectorContext<ErpnextOptions>, entry: CatalogEntry): Promise<CatalogEntry[]> {
  const roots = await readAll(ctx, {
    doctype: 'Account',
    fields: ['name', 'company'],
    filters: [
      ['root_type', '=', 'Expense'],
      ['is_group', '=', 1],
      ['parent_account', 'is', 'not set'],
    ],
  }).catch((thrown: unknown) => {
    if (asOutturnError(thrown).code === 'source/forbidden') return [];
    throw thrown;
  });
  const found = roots.flatMap(({ name, company }) => {
    if (typeof name !== 'string' || typeof company !== 'string') return [];
    return [
      {
        ...entry,
        id: streamIdOf(roots.length === 1 ? 'gl-entry' : `gl-entry-${company}`),
        title: `GL Entry: Expenses in the general ledger of ${company.slice(0, 100)} by project`,
        stream: {
          ...entry.stream,
          filters: [
            ['project', 'is', 'set'],
            ['account', 'descendants of', name],
          ],
        },
      },
    ];
  });
  return found.length === 0 ? [entry] : found;
}

/** All rows of a DocType that may change only with the site's software, by name and in pages. */
async function readAll(
  ctx: ConnectorContext<ErpnextOptions>,
  query: { doctype: string; parentDoctype?: string; fields: string[]; filters: unknown[][] },
): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  for (let after: string | null = null; ; ) {
    const filters: unknown[][] = [...query.filters, ...(after === null ? [] : [['name', '>', after]])];
    const response = await ctx.http.request(
      listRequest(ctx.options, { ...query, filters, orderBy: 'name asc', limit: ROWS_OF_ONE_ANSWER }),
    );
    const { rows, hasMore } = readList(response.json(), `DocType ${query.doctype}`);
    all.push(...rows);
    const last: unknown = rows.at(-1)?.['name'];
    if (typeof last !== 'string' || last === after || hasMore === false) return all;
    after = last;
  }
}

/** DocTypes whose meaning is known, then those that have a date and a number, each as a stream to begin with. */
export async function discoverStreams(ctx: ConnectorContext<ErpnextOptions>): Promise<CatalogEntry[]> {
  const fields = await readAll(ctx, {
    doctype: 'DocField',
    parentDoctype: 'DocType',
    fields: ['name', 'parent', 'fieldname', 'fieldtype'],
    filters: [['fieldtype', 'in', Object.keys(TYPES)]],
  });
  const tables = new FieldsByTable(TYPES);
  for (const { parent, fieldname, fieldtype } of fields) tables.add(parent, fieldname, fieldtype);
  const documents = await readAll(ctx, {
    doctype: 'DocType',
    fields: ['name'],
    filters: [
      ['istable', '=', 0],
      ['issingle', '=', 0],
    ],
  });
  const ready = Object.entries(READY).flatMap(([doctype, { title, unit, needs, stream }]) => {
    if (!tables.hasAll(doctype, needs)) return [];
    return [{ id: streamIdOf(doctype), title: `${doctype}: ${title}`, unit, stream: { ...stream } }];
  });
  const guessed = documents.flatMap(({ name: doctype }) => {
    if (typeof doctype !== 'string' || Object.hasOwn(READY, doctype)) return [];
    const guess = guessMeasurements(tables.of(doctype), 'name');
    if (guess === null) return [];
    return [{ id: streamIdOf(doctype), title: tables.title(doctype), unit: null, stream: { doctype, ...guess } }];
  });
  const known = await Promise.all(ready.map((entry) => (entry.id === 'gl-entry' ? ledgers(ctx, entry) : [entry])));
  return [...known.flat(), ...guessed];
}
