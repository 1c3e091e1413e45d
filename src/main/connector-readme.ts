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
  const forms = formsOf(schema);
  const choice = choiceOf(forms);
  const rows: Row[] = [];
  for (const name of new Set(forms.flatMap(({ properties }) => Object.keys(properties)))) {
    const uses = forms.flatMap((form): Use[] => {
      const property = form.properties[name];
      return property === undefined ? [] : [{ form, property, isRequired: form.required.has(name) }];
    });
    const key = prefix + name;
    rows.push({
      key,
      type: unique(uses.map(({ property }) => typeOf(property))).join(' or '),
      fallback: fallbackOf(uses, forms, choice),
      meaning: meaningOf(name, uses, forms, choice),
    });
    const within = uses.flatMap(({ property }) => [property, ...alternativesOf(property)]);
    const items = within.flatMap(({ items }) => items ?? []);
    rows.push(
      ...rowsOf({ anyOf: uses.map(({ property }) => property) }, `${key}.`),
      ...rowsOf({ anyOf: items }, `${key}[].`),
    );
  }
  return rows;
}

/** One way to write an object; a union has several. */
interface Form {
  properties: Record<string, Schema>;
  required: ReadonlySet<string>;
}
interface Use {
  form: Form;
  property: Schema;
  isRequired: boolean;
}

const alternativesOf = ({ anyOf = [], oneOf = [] }: Schema): Schema[] => [...anyOf, ...oneOf];
const unique = <T>(values: readonly T[]): T[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];

/** Empty for what is no object. */
function formsOf(schema: Schema): Form[] {
  const own =
    schema.properties === undefined ? [] : [{ properties: schema.properties, required: new Set(schema.required) }];
  const alternatives = unique(alternativesOf(schema)).flatMap(formsOf);
  return [alternatives, ...(schema.allOf ?? []).map(formsOf)].reduce<Form[]>(together, own);
}

/** Each of the one with each of the other. */
function together(some: Form[], others: Form[]): Form[] {
  if (some.length === 0 || others.length === 0) return [...some, ...others];
  return some.flatMap((a) =>
    others.map((b) => ({
      properties: { ...a.properties, ...b.properties },
      required: new Set([...a.required, ...b.required]),
    })),
  );
}

interface Choice {
  name: string;
  /** What the key is in this form, as it is written. */
  of(form: Form): string;
}

/** The key whose value tells the forms apart; null: none does. */
function choiceOf(forms: readonly Form[]): Choice | null {
  if (forms.length < 2) return null;
  const values = (form: Form, name: string): unknown[] => {
    const property = form.properties[name];
    return property?.enum ?? (property?.const === undefined ? [] : [property.const]);
  };
  const name = Object.keys(forms[0]?.properties ?? {}).find((key) => {
    const all = forms.map((form) => values(form, key));
    return all.every((each) => each.length > 0) && unique(all.flat()).length === all.flat().length;
  });
  return name === undefined ? null : { name, of: (form) => values(form, name).map(code).join(' or ') };
}

function fallbackOf(uses: readonly Use[], forms: readonly Form[], choice: Choice | null): string {
  const defaults = unique(uses.flatMap(({ property }) => (property.default === undefined ? [] : [property.default])));
  if (defaults.length > 0) return defaults.map(code).join(' or ');
  const requiring = uses.filter(({ isRequired }) => isRequired);
  if (requiring.length === 0) return '';
  if (requiring.length === forms.length) return 'required';
  if (choice !== null)
    return requiring.length === uses.length
      ? 'required'
      : `required with ${requiring.map(({ form }) => choice.of(form)).join(', ')}`;
  const telling = forms.map(({ required }) =>
    [...required].filter((key) => !forms.every((form) => form.required.has(key))),
  );
  return `one of ${telling.map((keys) => keys.map(code).join(' with ') || 'none').join(', ')}`;
}

function meaningOf(name: string, uses: readonly Use[], forms: readonly Form[], choice: Choice | null): string {
  const descriptions = unique(uses.map(({ property }) => property.description ?? ''));
  const isChoice = choice?.name === name;
  const words =
    choice === null || descriptions.length === 1
      ? descriptions
      : uses.map(({ form, property }) => `${choice.of(form)}: ${property.description ?? ''}`);
  const only =
    choice === null || uses.length === forms.length || words.length > 1
      ? ''
      : `Only with \`${choice.name}\` ${uses.map(({ form }) => choice.of(form)).join(' or ')}.`;
  const example = isChoice ? undefined : uses.flatMap(({ property }) => property.examples ?? [])[0];
  return [...words, only, example === undefined ? '' : `Such as ${code(example)}.`]
    .filter((part) => part !== '')
    .join(' ');
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
