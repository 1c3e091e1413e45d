import { XMLParser } from 'fast-xml-parser';
import { type HttpClient, PermanentError } from '#kit';
import { attribute, child, type Node, nodes } from './edmx-node.ts';
import { annotatedUnits, type FieldUnit, propertyUnit } from './metadata-units.ts';
import type { ODataOptions, ODataVersion } from './options.ts';

export interface EntityField {
  name: string;
  /** `Edm.Date`, `Edm.Decimal` …, or the name of a complex type. */
  type: string;
  /** What the service says of its unit or currency. Absent: nothing. */
  unit?: FieldUnit;
}
/** Leads from a row to others: expanded, their fields can be read along. */
export interface Navigation {
  name: string;
  /** Name of the type. */
  target: string;
  isCollection: boolean;
}
export interface EntityType {
  fields: EntityField[];
  keys: string[];
  navigations: Navigation[];
}
export interface EntitySet extends EntityType {
  name: string;
}
export interface ServiceMetadata {
  version: ODataVersion;
  /** Of its schemas: they tell one product from another. */
  namespaces: string[];
  entitySets: EntitySet[];
  /** Entity and complex types by qualified name. */
  type(name: string): EntityType | null;
}

const REPEATED = new Set([
  ...['Schema', 'EntityType', 'ComplexType', 'EntityContainer', 'EntitySet', 'Property', 'PropertyRef'],
  ...['NavigationProperty', 'Association', 'End', 'Annotations', 'Annotation'],
]);

/** Entity sets with their fields out of a `$metadata` document (EDMX of V2 or V4). Throws `source/bad-shape`. */
export function parseMetadata(xml: string): ServiceMetadata {
  let document: unknown;
  try {
    document = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '@',
      removeNSPrefix: true,
      parseAttributeValue: false,
      parseTagValue: false,
      isArray: (name) => REPEATED.has(name),
    }).parse(xml, true);
  } catch (thrown) {
    throw notMetadata(thrown);
  }
  const root = child(document, 'Edmx');
  const schemas = nodes(child(root, 'DataServices'), 'Schema');
  if (schemas.length === 0) throw notMetadata();

  const named = (...elements: string[]): Map<string, Node> => {
    const found = new Map<string, Node>();
    for (const schema of schemas)
      for (const element of elements)
        for (const node of nodes(schema, element))
          for (const prefix of [attribute(schema, 'Namespace'), attribute(schema, 'Alias')])
            if (prefix !== '') found.set(`${prefix}.${attribute(node, 'Name')}`, node);
    return found;
  };
  const types = named('EntityType', 'ComplexType');
  const associations = named('Association');
  const units = annotatedUnits(schemas, types);

  const describe = (typeName: string): EntityType => {
    const described: EntityType = { fields: [], keys: [], navigations: [] };
    const visited = new Set<string>();
    // A type inherits from its BaseType; the circle that a broken document may hold must not hang us.
    for (let name = typeName; name !== '' && !visited.has(name); ) {
      visited.add(name);
      const type = types.get(name);
      const properties = nodes(type, 'Property');
      described.fields.unshift(
        ...properties.map((property) => {
          const field = { name: attribute(property, 'Name'), type: attribute(property, 'Type') };
          const unit =
            (type === undefined ? undefined : units.get(type)?.get(field.name)) ?? propertyUnit(property, properties);
          return unit === undefined ? field : { ...field, unit };
        }),
      );
      described.navigations.unshift(
        ...nodes(type, 'NavigationProperty').map((property) => navigation(property, associations)),
      );
      const own = nodes(child(type, 'Key'), 'PropertyRef').map((reference) => attribute(reference, 'Name'));
      if (described.keys.length === 0) described.keys = own;
      name = attribute(type, 'BaseType');
    }
    return described;
  };

  return {
    version: attribute(root, 'Version').startsWith('4') ? 'v4' : 'v2',
    namespaces: schemas.map((schema) => attribute(schema, 'Namespace')),
    entitySets: schemas
      .flatMap((schema) => nodes(schema, 'EntityContainer'))
      .flatMap((container) => nodes(container, 'EntitySet'))
      .map((set) => ({ name: attribute(set, 'Name'), ...describe(attribute(set, 'EntityType')) })),
    type: (name) => (types.has(name) ? describe(name) : null),
  };
}

/** V4 names the type, V2 the association, one end of which has it. */
function navigation(property: Node, associations: ReadonlyMap<string, Node>): Navigation {
  const name = attribute(property, 'Name');
  const type = attribute(property, 'Type');
  if (type !== '') {
    const item = /^Collection\((.*)\)$/.exec(type)?.[1];
    return { name, target: item ?? type, isCollection: item !== undefined };
  }
  const end = nodes(associations.get(attribute(property, 'Relationship')), 'End').find(
    (candidate) => attribute(candidate, 'Role') === attribute(property, 'ToRole'),
  );
  return { name, target: attribute(end, 'Type'), isCollection: attribute(end, 'Multiplicity') === '*' };
}

/** The type of the rows that a path such as `companies(…)/generalLedgerEntries` leads to; null where nobody says. */
export function typeOfPath(metadata: ServiceMetadata, path: string): EntityType | null {
  const steps = path.replaceAll(/\((?:'(?:[^']|'')*'|[^'()])*\)/g, '').split('/');
  const set = (name: string | undefined) => metadata.entitySets.find((candidate) => candidate.name === name) ?? null;
  let type: EntityType | null = set(steps[0]);
  for (const step of steps.slice(1)) {
    const next: Navigation | undefined = type?.navigations.find(({ name }) => name === step);
    type = next === undefined ? null : metadata.type(next.target);
  }
  // Business Central's web services name their sets below a company without saying so.
  return type ?? (steps.length > 1 ? set(steps.at(-1)) : null);
}

export interface FoundField {
  field: EntityField;
  /** Navigation properties on the way, such as `Header`, `Header/Project`. */
  navigations: { path: string; isCollection: boolean }[];
}

/** The field that a path such as `Header/Currency` leads to from rows of a type; null where there is none. */
export function fieldAt(metadata: ServiceMetadata, type: EntityType, path: string): FoundField | null {
  const steps = path.split('/');
  const navigations: FoundField['navigations'] = [];
  let at: EntityType | null = type;
  for (const [index, step] of steps.entries()) {
    const field: EntityField | undefined = at?.fields.find(({ name }) => name === step);
    if (field !== undefined && index === steps.length - 1) return { field, navigations };
    const next: Navigation | undefined = at?.navigations.find(({ name }) => name === step);
    if (next !== undefined)
      navigations.push({ path: steps.slice(0, index + 1).join('/'), isCollection: next.isCollection });
    const target: string | undefined = next?.target ?? field?.type;
    at = target === undefined ? null : metadata.type(target);
  }
  return null;
}

function notMetadata(cause?: unknown): PermanentError {
  return new PermanentError('source/bad-shape', '$metadata is not an OData metadata document (EDMX)', {
    hint: 'url must be the root of the service: the address that $metadata stands below.',
    cause,
  });
}

export async function fetchMetadata(http: HttpClient, options: ODataOptions): Promise<ServiceMetadata> {
  const response = await http.request({
    url: '$metadata',
    query: options.parameters,
    headers: { accept: 'application/xml' },
    expect: 'text',
  });
  return parseMetadata(response.body);
}
