import { z } from 'zod';
import { exactlyOneMapping, fields, mappedFields, perRequestOption, rowMappingShape } from '#kit';

/** NetSuite's own limit of rows in one answer. */
export const MOST_ROWS = 1000;

export const optionsSchema = z.strictObject({
  accountId: z
    .string()
    .regex(/^[A-Za-z0-9]{3,20}(?:[_-][A-Za-z0-9]{2,6})?$/, {
      error: 'expected an account ID such as 1234567, or 1234567_SB1 of a sandbox, in quotes',
    })
    .meta({
      description: 'Account ID (Setup > Company > Company Information); decides the address.',
      examples: ['1234567', '1234567_SB1'],
    }),
  timeZone: fields.timeZone.meta({
    description:
      'Time zone in which NetSuite writes dates to the integration: the preference of its user, else that of the company. The window takes in whole days of it.',
    examples: ['America/Los_Angeles'],
  }),
});
export type NetsuiteOptions = z.output<typeof optionsSchema>;

export const columnTypes = ['text', 'number', 'date', 'datetime'] as const;
export interface Column {
  sql: string;
  type: (typeof columnTypes)[number];
}

/** A piece of SuiteQL that is put into a query. What ends or hides the rest of it is refused. */
const sqlText = (description: string, ...examples: string[]) =>
  fields.text
    .refine((text) => !/;|--|\/\*/.test(withoutLiterals(text)), {
      error: 'expected a piece of SuiteQL without ; and comments',
    })
    .refine((text) => isBalanced(withoutLiterals(text)), { error: 'has quotes or brackets that are not closed' })
    .meta({ description, examples });

const withoutLiterals = (sql: string): string => sql.replace(/'(?:[^']|'')*'/g, "''");

function isBalanced(sql: string): boolean {
  let depth = 0;
  for (const sign of sql.replaceAll("''", '')) {
    if (sign === "'") return false;
    if (sign === '(') depth++;
    else if (sign === ')' && --depth < 0) return false;
  }
  return depth === 0;
}

const column = z
  .union(
    [
      sqlText('What is selected.', 't.tranid').transform((sql): Column => ({ sql, type: 'text' })),
      z.strictObject({
        sql: sqlText('What is selected.', 't.trandate'),
        type: z
          .enum(columnTypes)
          .meta({ description: 'What it holds; dates and numbers are read by it.', examples: ['number'] }),
      }),
    ],
    { error: 'expected SuiteQL, or { sql: …, type: text | number | date | datetime }' },
  )
  .meta({
    description:
      'SuiteQL of one column. `type: date` and `datetime` are written the ISO way, whatever the format of the account; `number` is compared as one where it is a key.',
    examples: ['t.tranid', { sql: 't.trandate', type: 'date' }],
  });

export const streamSchema = z
  .strictObject({
    from: sqlText(
      'FROM clause without the word: record types as the Records Catalog names them, with joins.',
      'transaction t JOIN transactionline l ON l.transaction = t.id',
    ),
    columns: z
      .record(
        z.string().regex(/^(?!links$)[a-z][a-z0-9_]{0,29}$/, {
          error: 'expected a name in small letters, digits and _: NetSuite answers in small letters',
        }),
        column,
      )
      .refine((columns) => Object.keys(columns).length > 0, { error: 'expected at least one column' })
      .meta({
        description: 'What is selected, by the names that the mapping uses.',
        examples: [{ document: 't.tranid', posted: { sql: 't.trandate', type: 'date' } }],
      }),
    where: sqlText(
      'More conditions; joined to those of the window by AND.',
      "t.type = 'VendBill' AND t.posting = 'T'",
    ).optional(),
    groupBy: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta({
        description:
          'Columns to group by; the others then aggregate (SUM …). The cursor must be the SQL of one of them, or sums would be parts.',
        examples: [['day', 'project']],
      }),
    cursor: sqlText(
      'Date or time that the window filters on, by whole days. The last change catches late and corrected documents; a document date needs a long `lookback`. Absent: every pull reads all.',
      't.lastmodifieddate',
    ).optional(),
    keys: z
      .array(z.string().min(1))
      .min(1)
      .meta({
        description:
          'Columns that together identify a row and are never NULL: rows are ordered by them, and each page begins after the last row of the one before. Internal ids, `type: number`.',
        examples: [['id', 'line']],
      }),
    pageSize: perRequestOption('Rows of one answer.', { most: MOST_ROWS, example: 500 }),
    daysPerQuery: z
      .int()
      .min(1)
      .max(3660)
      .default(31)
      .meta({
        description:
          'Days of the window that one query takes in. A long pull goes on after the last that was read whole.',
        examples: [7],
      }),
    ...rowMappingShape,
  })
  .superRefine((stream, ctx) => {
    exactlyOneMapping(stream, ctx);
    const names = Object.keys(stream.columns);
    const issue = (path: PropertyKey[], message: string, candidates?: readonly string[]): void =>
      ctx.addIssue({
        code: 'custom',
        path,
        message,
        ...(candidates === undefined ? {} : { params: { candidates } }),
      });
    const known = (name: string, path: PropertyKey[]): void => {
      if (!names.includes(name)) issue(path, `there is no column "${name}"; columns has ${names.join(', ')}`, names);
    };
    stream.keys.forEach((name, index) => known(name, ['keys', index]));
    stream.groupBy?.forEach((name, index) => known(name, ['groupBy', index]));
    const mapping = stream.costs === undefined ? 'measurements' : 'costs';
    for (const name of mappedFields(stream)) known(name, [mapping]);
    const { measurements, costs } = stream;
    for (const [key, name] of [
      ['at', measurements?.at],
      ['postingDate', costs?.postingDate],
      ['cashDate', costs?.cashDate],
    ] as const) {
      const dated = name === undefined ? undefined : stream.columns[name];
      if (dated !== undefined && !['date', 'datetime'].includes(dated.type) && !/\bTO_CHAR\b/i.test(dated.sql))
        issue([mapping, key], `column "${name}" would come in the date format of the account: give it type: date`);
    }
    if (stream.groupBy === undefined) return;
    for (const [index, name] of stream.keys.entries())
      if (!stream.groupBy.includes(name)) issue(['keys', index], `"${name}" is not grouped by`);
    const grouped = stream.groupBy.map((name) => stream.columns[name]);
    if (stream.cursor !== undefined && !grouped.some((each) => each?.type === 'date' && each.sql === stream.cursor))
      issue(['cursor'], 'must be the SQL of a column of type date that is grouped by, or sums would be parts');
  });
export type NetsuiteStream = z.output<typeof streamSchema>;

/** `123456_SB1` → `https://123456-sb1.suitetalk.api.netsuite.com`. */
export const addressOf = ({ accountId }: NetsuiteOptions): string =>
  `https://${accountId.toLowerCase().replaceAll('_', '-')}.suitetalk.api.netsuite.com`;
