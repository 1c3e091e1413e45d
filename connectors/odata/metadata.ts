import { XMLParser } from 'fast-xml-parser';
import { type HttpClient, PermanentError } from '#kit';
import type { ODataOptions, ODataVersion } from './options.ts';

export interface EntityField {
  name: string;
  /** `Edm.Date`, `Edm.Decimal` … */
  type: string;
}
export interface EntitySet {
  name: string;
  fields: EntityField[];
  keys: string[];
}
export interface ServiceMetadata {
  version: ODataVersion;
  entitySets: EntitySet[];
}

const REPEATED = new Set(['Schema', 'EntityType', 'EntityContainer', 'EntitySet', 'Property', 'PropertyRef']);
type Node = Record<string, unknown>;

function nodes(parent: unknown, name: string): Node[] {
  if (typeof parent !== 'object' || parent === null) return [];
  const found: unknown = Reflect.get(parent, name);
  return Array.isArray(found) ? found.filter((item): item is Node => typeof item === 'object' && item !== null) : [];
}
function child(parent: unknown, name: string): unknown {
  return typeof parent === 'object' && parent !== null ? Reflect.get(parent, name) : undefined;
}
function attribute(node: unknown, name: string): string {
  const value = child(node, `@${name}`);
  return typeof value === 'string' ? value : '';
}

/** Entity sets with their fields out of a `$metadata` document (EDMX of V2 or V4). Throws `source/bad-shape`. */
export function parseMetadata(xml: string): ServiceMetadata {
  let document: unknown;
  try {
    document = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '@',
      removeNSPrefix: true,
      parseAttributeValue: false,
      isArray: (name) => REPEATED.has(name),
    }).parse(xml, true);
  } catch (thrown) {
    throw notMetadata(thrown);
  }
  const root = child(document, 'Edmx');
  const schemas = nodes(child(root, 'DataServices'), 'Schema');
  if (schemas.length === 0) throw notMetadata();

  const types = new Map<string, Node>();
  for (const schema of schemas)
    for (const type of nodes(schema, 'EntityType'))
      for (const prefix of [attribute(schema, 'Namespace'), attribute(schema, 'Alias')])
        if (prefix !== '') types.set(`${prefix}.${attribute(type, 'Name')}`, type);

  const describe = (typeName: string): Omit<EntitySet, 'name'> => {
    const fields: EntityField[] = [];
    let keys: string[] = [];
    const visited = new Set<string>();
    // A type inherits from its BaseType; the circle that a broken document may hold must not hang us.
    for (let name = typeName; name !== '' && !visited.has(name); ) {
      visited.add(name);
      const type = types.get(name);
      fields.unshift(
        ...nodes(type, 'Property').map((property) => ({
          name: attribute(property, 'Name'),
          type: attribute(property, 'Type'),
        })),
      );
      const own = nodes(child(type, 'Key'), 'PropertyRef').map((reference) => attribute(reference, 'Name'));
      if (own.length > 0) keys = own;
      name = attribute(type, 'BaseType');
    }
    return { fields, keys };
  };

  const entitySets = schemas
    .flatMap((schema) => nodes(schema, 'EntityContainer'))
    .flatMap((container) => nodes(container, 'EntitySet'))
    .map((set) => ({ name: attribute(set, 'Name'), ...describe(attribute(set, 'EntityType')) }));
  return { version: attribute(root, 'Version').startsWith('4') ? 'v4' : 'v2', entitySets };
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
