import { asRecord, type CatalogEntry, type ConnectorContext, OutturnError, PermanentError } from '#kit';
import { readAnswer } from './answer.ts';
import type { NetsuiteOptions } from './options.ts';
import { errorText, runSuiteql } from './suiteql.ts';

const LINES = 'transaction t JOIN transactionline l ON l.transaction = t.id JOIN currency c ON c.id = t.currency';
/** Transactions that cost money, by the record type of the REST catalog: what SuiteQL calls them, and what they are here. */
const TRANSACTIONS: readonly { record: string; type: string; kind: string; title: string }[] = [
  { record: 'vendorbill', type: 'VendBill', kind: 'actual', title: 'Lines of vendor bills' },
  { record: 'vendorcredit', type: 'VendCred', kind: 'actual', title: 'Lines of vendor credits' },
  { record: 'expensereport', type: 'ExpRept', kind: 'actual', title: 'Lines of expense reports' },
  { record: 'purchaseorder', type: 'PurchOrd', kind: 'commitment', title: 'Lines of purchase orders' },
  { record: 'journalentry', type: 'Journal', kind: 'actual', title: 'Lines of journal entries' },
];
const MOST_SUBSIDIARIES = 50;
/** Each is asked for by itself, and the account's requests are few. */
const MOST_CUSTOM_RECORDS = 20;
const CATALOG = 'services/rest/record/v1/metadata-catalog';

/** Streams out of the record types that the role may see, for each subsidiary where there are several. */
export async function discoverStreams(ctx: ConnectorContext<NetsuiteOptions>): Promise<CatalogEntry[]> {
  const response = await ctx.http.request({
    url: CATALOG,
    headers: { accept: 'application/json' },
    explain: errorText,
  });
  const items = asRecord(response.json())?.['items'];
  if (!Array.isArray(items))
    throw new PermanentError('source/bad-shape', 'discover: the metadata catalog has no items', {
      hint: 'Check accountId and url: the answer is none of SuiteTalk REST.',
    });
  const records = new Set(
    items.flatMap((item) => {
      const name = asRecord(item)?.['name'];
      return typeof name === 'string' ? [name.toLowerCase()] : [];
    }),
  );
  const subsidiaries = records.has('subsidiary') ? await subsidiariesOf(ctx) : [];
  const companies = subsidiaries.length > 1 ? subsidiaries : [null];
  return [
    ...TRANSACTIONS.filter(({ record }) => records.has(record)).flatMap((transaction) =>
      companies.map((company) => linesOf(transaction, company)),
    ),
    ...(await customRecords(ctx, [...records])),
    ...(records.has('timebill') ? [hoursIn(ctx.options.timeZone)] : []),
  ];
}

interface Subsidiary {
  id: string;
  name: string;
}

/** None where the account has only one company: the record is then unknown to SuiteQL. */
async function subsidiariesOf({ http }: ConnectorContext<NetsuiteOptions>): Promise<Subsidiary[]> {
  try {
    const query = "SELECT id, name FROM subsidiary WHERE isinactive = 'F' AND iselimination = 'F' ORDER BY id";
    const { rows } = readAnswer((await runSuiteql(http, query, MOST_SUBSIDIARIES, 'discover')).body, 'discover');
    return rows.flatMap(({ id, name }) =>
      typeof id === 'string' && /^\d+$/.test(id) ? [{ id, name: typeof name === 'string' ? name : id }] : [],
    );
  } catch (thrown) {
    if (thrown instanceof OutturnError && ['source/bad-request', 'source/forbidden'].includes(thrown.code)) return [];
    throw thrown;
  }
}

function linesOf(
  { record, type, kind, title }: (typeof TRANSACTIONS)[number],
  company: Subsidiary | null,
): CatalogEntry {
  const posting = kind === 'actual' ? " AND t.posting = 'T'" : '';
  // Every transaction has one main line: of a journal entry it is one of its own lines, of the others the total.
  const lines = type === 'Journal' ? '' : " AND l.mainline = 'F'";
  const where = `t.type = '${type}'${posting}${lines} AND l.taxline = 'F'`;
  return {
    id: company === null ? `${record}-lines` : `${record}-lines-${company.id}`,
    title: company === null ? title : `${title} of ${company.name}`,
    unit: null,
    stream: {
      from: LINES,
      columns: {
        id: { sql: 't.id', type: 'number' },
        line: { sql: 'l.id', type: 'number' },
        document: 't.tranid',
        posted: { sql: 't.trandate', type: 'date' },
        project: 'BUILTIN.DF(l.entity)',
        account: 'BUILTIN.DF(l.expenseaccount)',
        amount: { sql: 'l.foreignamount', type: 'number' },
        currency: 'c.symbol',
        memo: 'l.memo',
      },
      where: company === null ? where : `${where} AND l.subsidiary = ${company.id}`,
      cursor: 't.lastmodifieddate',
      keys: ['id', 'line'],
      costs: {
        sourceKey: ['id', 'line'],
        projectRef: 'project',
        kind,
        amount: 'amount',
        currency: 'currency',
        postingDate: 'posted',
        pool: 'account',
        document: 'document',
        text: 'memo',
      },
    },
  };
}

const hoursIn = (timeZone: string): CatalogEntry => ({
  id: 'hours-by-project',
  title: 'Hours booked, by day and project',
  unit: 'h',
  stream: {
    from: 'timebill b',
    columns: {
      day: { sql: 'b.trandate', type: 'date' },
      project: 'BUILTIN.DF(b.customer)',
      hours: { sql: 'SUM(b.hours)', type: 'number' },
    },
    where: 'b.customer IS NOT NULL',
    groupBy: ['day', 'project'],
    cursor: 'b.trandate',
    keys: ['day', 'project'],
    measurements: { at: 'day', covers: '1d', value: 'hours', unit: 'h', labels: ['project'], timeZone },
  },
});

interface Field {
  name: string;
  title: string;
  type: string;
}

/** Custom records with a date and a number, by day; the names are real, what they mean is for a person to check. */
async function customRecords(
  ctx: ConnectorContext<NetsuiteOptions>,
  records: readonly string[],
): Promise<CatalogEntry[]> {
  const entries: CatalogEntry[] = [];
  for (const record of records.filter((name) => /^customrecord\w{1,60}$/.test(name)).slice(0, MOST_CUSTOM_RECORDS)) {
    const response = await ctx.http.request({
      url: `${CATALOG}/${record}`,
      headers: { accept: 'application/schema+json' },
      explain: errorText,
    });
    const fields = customFields(asRecord(response.json())?.['properties']);
    const day = fields.find(({ type }) => type === 'date');
    const value = fields.find(({ type }) => type === 'number' || type === 'integer');
    if (day === undefined || value === undefined) continue;
    const rest = fields.filter((field) => field !== day && field !== value);
    entries.push({
      id: record,
      title: `${record}, by day: ${[day, value, ...rest].map(({ title, type }) => `${title} ${type}`).join(', ')}`,
      unit: null,
      stream: {
        from: `${record} r`,
        columns: {
          day: { sql: `r.${day.name}`, type: 'date' },
          value: { sql: `SUM(r.${value.name})`, type: 'number' },
        },
        where: `r.${day.name} IS NOT NULL`,
        groupBy: ['day'],
        cursor: `r.${day.name}`,
        keys: ['day'],
        measurements: { at: 'day', covers: '1d', value: 'value', unit: 'units', timeZone: ctx.options.timeZone },
      },
    });
  }
  return entries;
}

/** Fields that the account added, as its JSON Schema describes them. */
function customFields(properties: unknown): Field[] {
  return Object.entries(asRecord(properties) ?? {}).flatMap(([name, property]): Field[] => {
    const { title, type, format, 'x-ns-custom-field': isCustom } = asRecord(property) ?? {};
    if (isCustom !== true || typeof type !== 'string' || !/^\w{1,60}$/.test(name)) return [];
    const shown = typeof title === 'string' ? title.slice(0, 60) : name;
    return [{ name, title: shown, type: type === 'string' && format === 'date' ? 'date' : type }];
  });
}
