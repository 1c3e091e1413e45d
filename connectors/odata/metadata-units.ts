import { attribute, child, type Node, nodes } from './edmx-node.ts';

/** What a service says of the unit or currency of a field: the same for all rows, or another field of the row. */
export interface FieldUnit {
  of: 'unit' | 'currency';
  field?: string;
  text?: string;
}

const TERM = /(?:^|\.)Measures\.(?:V1\.)?(ISOCurrency|Unit)$/;

function unitOf(annotation: Node): FieldUnit | undefined {
  const term = TERM.exec(attribute(annotation, 'Term'))?.[1];
  if (term === undefined) return undefined;
  const value = (name: string): string => {
    const element = child(annotation, name);
    return attribute(annotation, name) || (typeof element === 'string' ? element.trim() : '');
  };
  const of = term === 'Unit' ? 'unit' : 'currency';
  const [field, text] = [value('Path'), value('String')];
  if (field !== '') return { of, field };
  return text === '' ? undefined : { of, text };
}

/** V4 units (`Org.OData.Measures.V1`) that stand apart from the types, under `Annotations Target="Type/Field"`. */
export function annotatedUnits(
  schemas: readonly Node[],
  types: ReadonlyMap<string, Node>,
): Map<Node, Map<string, FieldUnit>> {
  const found = new Map<Node, Map<string, FieldUnit>>();
  for (const annotations of schemas.flatMap((schema) => nodes(schema, 'Annotations'))) {
    const [typeName = '', field = ''] = attribute(annotations, 'Target').split('/');
    const type = types.get(typeName);
    const [unit] = nodes(annotations, 'Annotation').flatMap((annotation) => unitOf(annotation) ?? []);
    if (type === undefined || field === '' || unit === undefined) continue;
    found.set(type, (found.get(type) ?? new Map()).set(field, unit));
  }
  return found;
}

/** Units that stand with the property: V4's annotations inside it, V2's `sap:unit`. */
export function propertyUnit(property: Node, siblings: readonly Node[]): FieldUnit | undefined {
  const [inside] = nodes(property, 'Annotation').flatMap((annotation) => unitOf(annotation) ?? []);
  if (inside !== undefined) return inside;
  const field = attribute(property, 'unit');
  if (field === '') return undefined;
  const sibling = siblings.find((candidate) => attribute(candidate, 'Name') === field);
  return { of: attribute(sibling, 'semantics') === 'currency-code' ? 'currency' : 'unit', field };
}
