import { z } from 'zod';
import type { AnyConnectorKind, AuthKind } from '#kit';

const BEGIN = '<!-- generated: options -->';
const END = '<!-- /generated -->';
const allAuth: readonly AuthKind[] = ['none', 'basic', 'bearer', 'header', 'query', 'oauth2', 'jwt', 'sigv4'];

interface Schema {
  type?: string | string[];
  description?: string;
  examples?: unknown[];
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
}

/** A README with what stands between the markers written anew; one without markers gets them at its end. */
export function withGeneratedParts(readme: string, kind: AnyConnectorKind): string {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END, from);
  if (from < 0 || to < 0) return withGeneratedParts(`${readme.trimEnd()}\n\n${BEGIN}\n${END}\n`, kind);
  return `${readme.slice(0, from + BEGIN.length)}\n\n${optionsOf(kind)}\n${readme.slice(to)}`;
}

/** Tables of all options, from the schemas that check them, and what the kind can do. Written by `npm run generate`. */
function optionsOf(kind: AnyConnectorKind): string {
  const { capabilities } = kind;
  const gives = [
    capabilities.measurements && 'measurements',
    capabilities.costs && 'cost lines',
    capabilities.quotes && 'exchange rates',
  ].filter((each) => typeof each === 'string');
  const facts = [`Gives ${gives.join(', ')}.`];
  if (capabilities.discover) facts.push('`outturn discover` lists what there is.');
  if (capabilities.http !== false && capabilities.pull !== false)
    facts.push(`Logs in by \`auth: { kind: … }\`: ${(kind.auth ?? allAuth).map((auth) => `\`${auth}\``).join(', ')}.`);
  if (kind.defaultUrl !== undefined) facts.push('`url` is only needed where the source is not at its usual address.');
  const own = rowsOf(schemaOf(kind.options));
  const tables = [
    own.length === 0 ? '' : table('Options of the connector', own),
    table('Options of a stream', rowsOf(schemaOf(kind.stream))),
  ];
  return `${facts.join(' ')}\n\n${tables.filter((each) => each !== '').join('\n')}`;
}

const schemaOf = (schema: z.ZodType): Schema =>
  z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    // A schema used twice is written out at both places.
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      const meta = z.globalRegistry.get(zodSchema);
      // zod drops these from fields that are transformed when read.
      if (meta?.examples !== undefined) jsonSchema.examples = meta.examples as unknown[];
    },
  }) as Schema;

interface Row {
  key: string;
  type: string;
  fallback: string;
  meaning: string;
}

/** One row a key; keys of an object inside follow it as `outer.inner`. */
function rowsOf(schema: Schema, prefix = ''): Row[] {
  const shapes = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  const rows = new Map<string, Row>();
  for (const { properties = {}, required = [] } of shapes)
    for (const [name, property] of Object.entries(properties)) {
      const key = prefix + name;
      if (rows.has(key)) continue;
      const fallback =
        property.default !== undefined ? code(property.default) : required.includes(name) ? 'required' : '';
      const example = property.examples?.[0];
      const meaning = [property.description ?? '', example === undefined ? '' : `Such as ${code(example)}.`];
      rows.set(key, {
        key,
        type: typeOf(property),
        fallback,
        meaning: meaning.filter((part) => part !== '').join(' '),
      });
      const inner = property.items !== undefined && property.items.properties !== undefined ? property.items : property;
      for (const row of rowsOf(inner, `${key}${inner === property ? '' : '[]'}.`)) rows.set(row.key, row);
    }
  return [...rows.values()];
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(' or ');
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants !== undefined) return [...new Set(variants.map(typeOf))].join(' or ');
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.properties !== undefined) return 'mapping';
  if (typeof schema.additionalProperties === 'object') return `mapping to ${typeOf(schema.additionalProperties)}`;
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'any'];
  const words: Readonly<Record<string, string>> = { string: 'text', boolean: 'true or false', integer: 'whole number' };
  return types.map((type) => words[type] ?? type).join(' or ');
}

/** As it is written in YAML; plain values without quotes. */
function code(value: unknown): string {
  // A tab would be seen by nobody.
  const text = typeof value === 'string' && !value.includes('\t') ? value : JSON.stringify(value);
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text === '' ? '""' : text}\``;
}

function table(title: string, rows: readonly Row[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const lines = rows.map(
    ({ key, type, fallback, meaning }) => `| \`${key}\` | ${cell(type)} | ${cell(fallback)} | ${cell(meaning)} |`,
  );
  return [`## ${title}`, '', '| key | type | default | meaning |', '| --- | --- | --- | --- |', ...lines, ''].join(
    '\n',
  );
}
